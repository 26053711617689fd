package import ByteStore
package import TensorModel

extension GGUFFile: LaidOutFile {
  package var hidesCatalog: Bool { false }

  package func makeModel() throws(ModelError) -> any ContainerReader { try GGUFModel(self) }

  package func withMap<Result: ~Copyable, Failure: Error>(
    _ body: (borrowing MappedFile) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try body(map)
  }
}
