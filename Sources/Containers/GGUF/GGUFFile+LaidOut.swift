package import ByteStore
package import TensorModel

extension GGUFFile: LaidOutFile {
  package var byteCount: Int { map.byteCount }
  package var hidesCatalog: Bool { false }

  package func makeModel() throws(ModelError) -> any ContainerReader { try GGUFModel(self) }

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
