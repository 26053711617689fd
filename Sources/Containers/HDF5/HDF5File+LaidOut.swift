package import ByteStore
package import TensorModel

extension HDF5File: LaidOutFile {
  package var hidesCatalog: Bool { true }

  package func makeModel() throws(ModelError) -> any ContainerReader {
    try HDF5Model(path: path, files: [(splitPath(path).name, self)])
  }

  package func obstacle(toViewOf tensor: Int) -> String? { header.tensors[tensor].viewObstacle }

  package func views(of tensors: [Int]) -> [UInt8] { HDF5Views(tensors.map { header.tensors[$0] }).encoded }

  package func withMap<Result: ~Copyable, Failure: Error>(
    _ body: (borrowing MappedFile) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try body(map)
  }
}
