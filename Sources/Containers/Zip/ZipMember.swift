/// A file in a ZIP archive.
public struct ZipMember: Hashable, Sendable {
  public enum Method: UInt16, Hashable, Sendable {
    case stored = 0
    case deflated = 8
  }

  /// With `/` between its parts; relative, and none of them `.` or `..`.
  public let name: String
  public let method: Method
  /// Its bytes in the archive.
  public let range: Range<Int>
  /// Its bytes when they are no longer compressed.
  public let byteCount: Int
  /// Of these.
  public let crc32: UInt32
}
