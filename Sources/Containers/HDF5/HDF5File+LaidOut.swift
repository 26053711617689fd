package import ByteStore
package import TensorModel

extension HDF5File: LaidOutFile {
  package var byteCount: Int { map.byteCount }
  package var hidesCatalog: Bool { true }

  package func makeModel() throws(ModelError) -> any ContainerReader {
    try HDF5Model(path: path, files: [(splitPath(path).name, self)])
  }

  package func obstacle(toViewOf tensor: Int) -> String? { header.tensors[tensor].viewObstacle }

  package func views(of tensors: [Int]) -> [UInt8] { HDF5Views(tensors.map { header.tensors[$0] }).encoded }

  package func withBytes<Result: ~Copyable>(
    _ range: Range<Int>, through buffer: ReadBuffer, _ body: (RawSpan) throws(ModelError) -> Result
  ) throws(ModelError) -> Result {
    try map.withBytes(range, through: buffer, body)
  }

  package func release(_ range: Range<Int>) { map.release(range) }

  package func demandUnchanged() throws(ModelError) {
    try within(path) { () throws(ModelError) in try map.demandUnchanged() }
  }
}
