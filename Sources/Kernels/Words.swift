/// An unsigned integer that holds the bits of one element.
public typealias Word = FixedWidthInteger & UnsignedInteger & BitwiseCopyable & Sendable

/// Calls one of four bodies by the width of an element in bytes (1, 2, 4 or 8).
///
/// The kernels are generic over the word; this is the one place where a width becomes a type.
@inline(__always)
func withWord<Result>(
  width: Int, _ body8: () -> Result, _ body16: () -> Result, _ body32: () -> Result, _ body64: () -> Result
) -> Result {
  switch width {
  case 1: body8()
  case 2: body16()
  case 4: body32()
  case 8: body64()
  default: preconditionFailure("an element of \(width) bytes has no word")
  }
}

extension UnsafeRawPointer {
  /// The memory as words. It must be aligned for them.
  @inline(__always)
  @unsafe func words<W: Word>(_ type: W.Type) -> UnsafePointer<W> { unsafe assumingMemoryBound(to: type) }
}

extension UnsafeMutableRawPointer {
  /// The memory as words. It must be aligned for them.
  @inline(__always)
  @unsafe func words<W: Word>(_ type: W.Type) -> UnsafeMutablePointer<W> { unsafe assumingMemoryBound(to: type) }
}

extension UnsafePointer<UInt8> {
  /// Bit `index` of a bitmap, which counts from the low bit of its first byte: 0 or 1.
  @inline(__always)
  @unsafe func bit(_ index: Int) -> UInt8 {
    unsafe self[index &>> 3] &>> UInt8(truncatingIfNeeded: index & 7) & 1
  }
}

extension FixedWidthInteger {
  /// The word's width, as the C kernels take it.
  @inline(__always)
  static var byteCount: Int32 { Int32(bitWidth / 8) }
}
