package import ByteStore
package import TensorModel

/// One model file on the disk: its bytes, how it is cut, and the model that it is.
package protocol LaidOutFile: AnyObject, Sendable {
  var path: String { get }
  var layout: FileLayout { get }

  /// Whether only the container's own reader finds metadata and tensors in the file's bytes.
  var hidesCatalog: Bool { get }

  /// The model in this file alone. The numbers of `layout.recoded` are its tensors'.
  func makeModel() throws(ModelError) -> any ContainerReader

  /// Why nobody can read a tensor who has the file's bytes and is told where it lies in them; nil where they can.
  /// - Parameter tensor: its number in the model. Asked for only where the file hides it.
  func obstacle(toViewOf tensor: Int) -> String?

  /// What tells of these tensors where they lie: views (`formats/packed.md`, section 4).
  func views(of tensors: [Int]) -> [UInt8]

  /// Lends the map of the file.
  func withMap<Result: ~Copyable, Failure: Error>(
    _ body: (borrowing MappedFile) throws(Failure) -> Result
  ) throws(Failure) -> Result
}

extension LaidOutFile {
  package var byteCount: Int { withMap { $0.byteCount } }

  /// Lends a range of the file's bytes.
  package func withBytes<Result: ~Copyable>(
    _ range: Range<Int>, through buffer: ReadBuffer, _ body: (RawSpan) throws(ModelError) -> Result
  ) throws(ModelError) -> Result {
    try withMap { (map) throws(ModelError) in try map.withBytes(range, through: buffer, body) }
  }

  /// Gives back the memory of a range that was read.
  package func release(_ range: Range<Int>) { withMap { $0.release(range) } }

  /// - Throws: `inputOutput` where somebody wrote to the file since it was opened.
  package func demandUnchanged() throws(ModelError) {
    try within(path) { () throws(ModelError) in
      try withMap { (map) throws(ModelError) in try map.demandUnchanged() }
    }
  }
}

/// Of files whose header tells where the tensors lie, to whoever has their bytes.
extension LaidOutFile {
  package func obstacle(toViewOf tensor: Int) -> String? { nil }

  package func views(of tensors: [Int]) -> [UInt8] {
    precondition(tensors.isEmpty)
    return []
  }
}
