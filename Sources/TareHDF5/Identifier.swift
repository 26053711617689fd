import CHDF5
import HDF5Protocol

/// The owner of one of libhdf5's identifiers, closed with it.
struct Identifier: ~Copyable {
  let value: hid_t
  private let close: @Sendable (hid_t) -> herr_t

  /// - Throws: `malformed`, with libhdf5's reason, where the call that should have made it failed.
  init(
    _ value: hid_t, _ what: @autoclosure () -> String, close: @escaping @Sendable (hid_t) -> herr_t
  ) throws(HDF5Failure) {
    guard value >= 0 else { throw HDF5Failure(what()) }
    self.value = value
    self.close = close
  }

  deinit { _ = close(value) }
}

/// Throws what libhdf5 says where a call failed.
@discardableResult
func demand<Status: SignedInteger>(
  _ status: Status, _ what: @autoclosure () -> String
) throws(HDF5Failure) -> Status {
  guard status >= 0 else { throw HDF5Failure(what()) }
  return status
}

extension HDF5Failure {
  /// What the library's last call failed with. A version that it does not know may be one of a later release.
  init(_ what: String, path: [UInt8] = []) {
    let reason = lastReason()
    let isOfLater = reason.contains("bad version number") || reason.contains("bad superblock version")
    self.init(isOfLater ? .unsupported : .malformed, what + (reason.isEmpty ? "" : ": " + reason), path: path)
  }
}

/// The innermost reason for the last failure; empty where libhdf5 gives none.
private func lastReason() -> String {
  var text = [CChar](repeating: 0, count: 200)
  unsafe text.withUnsafeMutableBufferPointer { unsafe tare_reason($0.baseAddress) }
  let bytes = text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
  let reason = String(decoding: bytes, as: UTF8.self)
  // Behind it stand addresses in memory, which say nothing to anybody.
  return reason.firstRange(of: ": current p = ").map { String(reason[..<$0.lowerBound]) } ?? reason
}

/// The bytes of a C string.
func bytes(of text: UnsafePointer<CChar>) -> [UInt8] {
  var bytes: [UInt8] = []
  var place = unsafe text
  while unsafe place.pointee != 0 {
    unsafe bytes.append(UInt8(bitPattern: place.pointee))
    unsafe place += 1
  }
  return bytes
}

extension [UInt8] {
  /// Calls with the bytes as a C string. They hold no NUL.
  func withCString<Result, Failure: Error>(
    _ body: (UnsafePointer<CChar>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let text = map { CChar(bitPattern: $0) } + [0]
    return try unsafe text.withUnsafeBufferPointer { (text) throws(Failure) in try unsafe body(text.baseAddress!) }
  }
}
