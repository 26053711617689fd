package import ByteStore
package import TensorModel

/// One model file on the disk: its bytes, how it is cut, and the model that it is.
package protocol LaidOutFile: AnyObject, Sendable {
  var path: String { get }
  var byteCount: Int { get }
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

  /// Lends a range of the file's bytes.
  func withBytes<Result: ~Copyable>(
    _ range: Range<Int>, through buffer: ReadBuffer, _ body: (RawSpan) throws(ModelError) -> Result
  ) throws(ModelError) -> Result

  /// Gives back the memory of a range that was read.
  func release(_ range: Range<Int>)

  /// - Throws: `inputOutput` where somebody wrote to the file since it was opened.
  func demandUnchanged() throws(ModelError)
}

/// Of files whose header tells where the tensors lie, to whoever has their bytes.
extension LaidOutFile {
  package func obstacle(toViewOf tensor: Int) -> String? { nil }

  package func views(of tensors: [Int]) -> [UInt8] {
    precondition(tensors.isEmpty)
    return []
  }
}
