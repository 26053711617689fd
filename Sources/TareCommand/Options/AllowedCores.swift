import Glibc

/// The cores that the scheduler lets this process use; fewer than the machine has inside many containers.
enum AllowedCores {
  /// The number of bits set in the mask that the kernel shows; nil where it shows none.
  static let count: Int? = {
    guard let status = readText("/proc/self/status") else { return nil }
    let key = "Cpus_allowed:"
    guard let line = status.split(separator: "\n").first(where: { $0.hasPrefix(key) }) else { return nil }
    let bits = line.dropFirst(key.count).reduce(0) { $0 + ($1.hexDigitValue?.nonzeroBitCount ?? 0) }
    return bits > 0 ? bits : nil
  }()

  private static func readText(_ path: String) -> String? {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: 16384) { buffer, count in
      unsafe count = max(0, read(descriptor, buffer.baseAddress!, buffer.count))
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
