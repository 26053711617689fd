import Glibc

/// Compares bytes.
public enum ByteCompare {
  /// Whether both spans hold the same bytes.
  public static func areEqual(_ first: RawSpan, _ second: RawSpan) -> Bool {
    guard first.byteCount == second.byteCount else { return false }
    guard first.byteCount > 0 else { return true }
    return unsafe first.withUnsafeBytes { first in
      unsafe second.withUnsafeBytes { second in
        unsafe memcmp(first.baseAddress!, second.baseAddress!, first.count) == 0
      }
    }
  }
}
