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

  /// Lends a range of the file's bytes.
  func withBytes<Result: ~Copyable>(
    _ range: Range<Int>, through buffer: ReadBuffer, _ body: (RawSpan) throws(ModelError) -> Result
  ) throws(ModelError) -> Result

  /// Gives back the memory of a range that was read.
  func release(_ range: Range<Int>)

  /// - Throws: `inputOutput` where somebody wrote to the file since it was opened.
  func demandUnchanged() throws(ModelError)
}
