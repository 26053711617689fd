/// XXH64 with seed 0: the checksum of the packed file (https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md).
///
/// Feed it bytes with `update`; any cut into updates gives the same hash.
public struct XXH64: Sendable {
  private static let prime1: UInt64 = 0x9E37_79B1_85EB_CA87
  private static let prime2: UInt64 = 0xC2B2_AE3D_27D4_EB4F
  private static let prime3: UInt64 = 0x1656_67B1_9E37_79F9
  private static let prime4: UInt64 = 0x85EB_CA77_C2B2_AE63
  private static let prime5: UInt64 = 0x27D4_EB2F_1656_67C5

  private var lane1 = prime1 &+ prime2
  private var lane2 = prime2
  private var lane3: UInt64 = 0
  private var lane4 = 0 &- prime1
  private var byteCount: UInt64 = 0
  /// The bytes of the last, incomplete stripe.
  private var tail: [UInt8] = []

  public init() {}

  /// The hash of `bytes`.
  public static func hash(_ bytes: RawSpan) -> UInt64 {
    unsafe bytes.withUnsafeBytes { buffer in
      var state = XXH64()
      let whole = unsafe state.consumeStripes(buffer)
      return unsafe state.finished(UnsafeRawBufferPointer(rebasing: buffer[whole...]))
    }
  }

  public static func hash(_ bytes: [UInt8]) -> UInt64 { unsafe hash(bytes.span.bytes) }

  public mutating func update(_ bytes: RawSpan) {
    unsafe bytes.withUnsafeBytes { buffer in
      var start = 0
      if !tail.isEmpty {
        start = min(32 - tail.count, buffer.count)
        unsafe tail.append(contentsOf: buffer[..<start])
        guard tail.count == 32 else { return }
        let stripe = tail
        tail.removeAll(keepingCapacity: true)
        unsafe stripe.withUnsafeBytes { _ = unsafe consumeStripes($0) }
      }
      let rest = unsafe UnsafeRawBufferPointer(rebasing: buffer[start...])
      let whole = unsafe consumeStripes(rest)
      unsafe tail.append(contentsOf: rest[whole...])
    }
  }

  /// Appends the eight bytes of `value`, least significant first.
  public mutating func update(littleEndian value: UInt64) {
    var bytes: [UInt8] = []
    for shift in stride(from: 0, to: 64, by: 8) { bytes.append(UInt8(truncatingIfNeeded: value >> UInt64(shift))) }
    unsafe update(bytes.span.bytes)
  }

  /// The hash of all bytes so far.
  public var value: UInt64 { unsafe tail.withUnsafeBytes { unsafe finished($0) } }

  /// Consumes whole stripes of 32 bytes and returns how many bytes that was.
  private mutating func consumeStripes(_ buffer: UnsafeRawBufferPointer) -> Int {
    let whole = buffer.count & ~31
    guard whole > 0, let base = buffer.baseAddress else { return 0 }
    var (a, b, c, d) = (lane1, lane2, lane3, lane4)
    var position = 0
    while position < whole {
      a = Self.round(a, unsafe base.loadUnaligned(fromByteOffset: position, as: UInt64.self))
      b = Self.round(b, unsafe base.loadUnaligned(fromByteOffset: position + 8, as: UInt64.self))
      c = Self.round(c, unsafe base.loadUnaligned(fromByteOffset: position + 16, as: UInt64.self))
      d = Self.round(d, unsafe base.loadUnaligned(fromByteOffset: position + 24, as: UInt64.self))
      position += 32
    }
    (lane1, lane2, lane3, lane4) = (a, b, c, d)
    byteCount += UInt64(whole)
    return whole
  }

  /// The hash after the last `rest` bytes, fewer than 32.
  private func finished(_ rest: UnsafeRawBufferPointer) -> UInt64 {
    var hash: UInt64
    if byteCount >= 32 {
      hash = Self.rotate(lane1, 1) &+ Self.rotate(lane2, 7) &+ Self.rotate(lane3, 12) &+ Self.rotate(lane4, 18)
      for lane in [lane1, lane2, lane3, lane4] {
        hash = (hash ^ Self.round(0, lane)) &* Self.prime1 &+ Self.prime4
      }
    } else {
      hash = Self.prime5
    }
    hash = hash &+ (byteCount + UInt64(rest.count))
    var position = 0
    while position + 8 <= rest.count {
      let word = unsafe rest.loadUnaligned(fromByteOffset: position, as: UInt64.self)
      hash = Self.rotate(hash ^ Self.round(0, word), 27) &* Self.prime1 &+ Self.prime4
      position += 8
    }
    if position + 4 <= rest.count {
      let word = unsafe UInt64(rest.loadUnaligned(fromByteOffset: position, as: UInt32.self))
      hash = Self.rotate(hash ^ (word &* Self.prime1), 23) &* Self.prime2 &+ Self.prime3
      position += 4
    }
    while position < rest.count {
      hash = Self.rotate(hash ^ (unsafe UInt64(rest[position]) &* Self.prime5), 11) &* Self.prime1
      position += 1
    }
    hash = (hash ^ (hash >> 33)) &* Self.prime2
    hash = (hash ^ (hash >> 29)) &* Self.prime3
    return hash ^ (hash >> 32)
  }

  @inline(__always)
  private static func round(_ lane: UInt64, _ input: UInt64) -> UInt64 {
    rotate(lane &+ input &* prime2, 31) &* prime1
  }

  @inline(__always)
  private static func rotate(_ value: UInt64, _ count: UInt64) -> UInt64 {
    (value << count) | (value >> (64 - count))
  }
}
