public import TensorModel

/// Where output goes that is written at any offset, from any thread, and counts when it is finished.
public protocol PositionalOutput: AnyObject, Sendable {
  /// How errors name it.
  var path: String { get }
  /// Bytes that it could still take; nil where that is not known.
  var freeBytes: Int? { get }

  /// Writes all of `bytes` at `offset`.
  func write(_ bytes: RawSpan, at offset: Int) throws(ModelError)

  /// Sets the length; what was not written reads as zeros.
  func setByteCount(_ count: Int) throws(ModelError)

  /// Makes the output whole and puts it in its place. Nothing may be written afterwards.
  func finish() throws(ModelError)
}

extension PositionalOutput {
  public func write(_ bytes: [UInt8], at offset: Int) throws(ModelError) {
    try unsafe write(bytes.span.bytes, at: offset)
  }
}
