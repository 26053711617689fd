package import ByteStore
package import TensorModel

/// One model file on the disk: its bytes, how it is cut, and the model that it is.
package protocol LaidOutFile: AnyObject, Sendable {
  var path: String { get }
  var byteCount: Int { get }
  var layout: FileLayout { get }

  /// Whether only the container's own reader knows the file's metadata.
  var hidesMetadata: Bool { get }

  /// The model in this file alone. The numbers of `layout.recoded` are its tensors'.
  func makeModel() throws(ModelError) -> any ContainerReader

  /// The tensors that can be read through the file's bytes by those who are told where they lie, by their numbers in the
  /// model.
  var viewable: [Int] { get }

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
  package var viewable: [Int] { [] }

  package func views(of tensors: [Int]) -> [UInt8] {
    precondition(tensors.isEmpty)
    return []
  }
}
