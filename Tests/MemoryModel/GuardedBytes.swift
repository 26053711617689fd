import Glibc

/// Memory that ends at a page nobody may touch, for kernels: reading or writing past the end stops the test run, and
/// writing in front of the start or into the padding behind an odd length is found by `isIntact`.
@safe public final class GuardedBytes {
  private static let page = 4096
  private static let canary: UInt8 = 0xA5

  public let count: Int
  private let map: UnsafeMutableRawPointer
  private let mapBytes: Int
  private let padding: Int
  public let start: UnsafeMutableRawPointer

  /// - Parameter alignment: of the first byte; what it costs lies behind the last one.
  public init(_ count: Int, alignment: Int = 8) {
    self.count = count
    padding = (count + alignment - 1) / alignment * alignment - count
    let usable = (count + padding + 64 + Self.page - 1) / Self.page * Self.page
    mapBytes = usable + Self.page
    let map = unsafe mmap(nil, mapBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)!
    unsafe map.initializeMemory(as: UInt8.self, repeating: Self.canary, count: usable)
    unsafe mprotect(map + usable, Self.page, PROT_NONE)
    unsafe self.map = unsafe map
    unsafe start = unsafe map + (usable - count - padding)
  }

  public convenience init(_ bytes: [UInt8], alignment: Int = 8) {
    self.init(bytes.count, alignment: alignment)
    unsafe bytes.withUnsafeBytes {
      if let base = $0.baseAddress { unsafe start.copyMemory(from: base, byteCount: $0.count) }
    }
  }

  deinit { unsafe munmap(map, mapBytes) }

  public var bytes: UnsafeMutablePointer<UInt8> { unsafe start.assumingMemoryBound(to: UInt8.self) }
  public var source: UnsafePointer<UInt8> { unsafe UnsafePointer(bytes) }
  public var content: [UInt8] { unsafe [UInt8](UnsafeRawBufferPointer(start: start, count: count)) }

  /// Whether nothing was written in front of the bytes or behind them.
  public var isIntact: Bool {
    let before = unsafe UnsafeRawBufferPointer(start: start - 64, count: 64)
    let behind = unsafe UnsafeRawBufferPointer(start: start + count, count: padding)
    return unsafe before.allSatisfy { $0 == Self.canary } && behind.allSatisfy { $0 == Self.canary }
  }
}
