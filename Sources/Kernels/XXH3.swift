/// XXH3 of 64 bits with seed 0 and the default secret: the checksum of the packed file
/// (https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md).
///
/// Feed it bytes with `update`; any cut into updates gives the same hash.
public struct XXH3: Sendable {
  /// Eight lanes take 64 bytes at a time, 16 times between two scrambles.
  static let stripeBytes = 64
  static let blockBytes = 1024
  /// Longer inputs go through the lanes.
  private static let longestShort = 240

  private var lanes = XXH3Lanes()
  /// What was not consumed yet: at most a block. The last 64 bytes in front of it are kept too, for the last stripe.
  private var pending: [UInt8] = []
  private var before: [UInt8] = []
  private var byteCount = 0

  public init() {}

  /// The hash of `bytes`.
  public static func hash(_ bytes: RawSpan, on set: InstructionSet = .best) -> UInt64 {
    unsafe bytes.withUnsafeBytes { buffer in
      guard let base = buffer.baseAddress, buffer.count > longestShort else { return unsafe XXH3Short.hash(buffer) }
      var lanes = XXH3Lanes()
      let blocks = (buffer.count - 1) / blockBytes
      let stripes = (buffer.count - 1 - blocks * blockBytes) / stripeBytes
      unsafe lanes.consume(base, blocks: blocks, stripes: stripes, on: set)
      return unsafe lanes.finished(lastStripe: base + buffer.count - stripeBytes, byteCount: buffer.count)
    }
  }

  public static func hash(_ bytes: [UInt8]) -> UInt64 { unsafe hash(bytes.span.bytes) }

  public mutating func update(_ bytes: RawSpan) {
    unsafe bytes.withUnsafeBytes { buffer in
      byteCount += buffer.count
      unsafe pending.append(contentsOf: buffer)
      // A block is consumed only when something follows it: the end is treated in its own way.
      let blocks = max(0, pending.count - 1) / Self.blockBytes
      guard blocks > 0 else { return }
      let consumed = blocks * Self.blockBytes
      unsafe pending.withUnsafeBytes {
        unsafe lanes.consume($0.baseAddress!, blocks: blocks, stripes: 0, on: .best)
      }
      before = Array(pending[(consumed - Self.stripeBytes)..<consumed])
      pending.removeFirst(consumed)
    }
  }

  /// Appends the eight bytes of `value`, least significant first.
  public mutating func update(littleEndian value: UInt64) {
    let bytes = (0..<8).map { UInt8(truncatingIfNeeded: value >> UInt64(8 * $0)) }
    unsafe update(bytes.span.bytes)
  }

  /// The hash of all bytes so far.
  public var value: UInt64 {
    if byteCount <= Self.longestShort { return unsafe pending.withUnsafeBytes { unsafe XXH3Short.hash($0) } }
    var lanes = lanes
    let rest = before + pending
    return unsafe rest.withUnsafeBytes { buffer in
      let start = unsafe buffer.baseAddress! + before.count
      unsafe lanes.consume(start, blocks: 0, stripes: (pending.count - 1) / Self.stripeBytes, on: .best)
      return unsafe lanes.finished(
        lastStripe: start + pending.count - Self.stripeBytes, byteCount: byteCount)
    }
  }
}

/// The eight lanes through which long inputs go.
struct XXH3Lanes: Sendable {
  private var lanes: SIMD8<UInt64> = [
    XXH3Constants.prime32_3, XXH3Constants.prime64_1, XXH3Constants.prime64_2, XXH3Constants.prime64_3,
    XXH3Constants.prime64_4, XXH3Constants.prime32_2, XXH3Constants.prime64_5, XXH3Constants.prime32_1,
  ]

  /// Takes in whole blocks, each scrambled at its end, and then stripes of one more.
  mutating func consume(_ source: UnsafeRawPointer, blocks: Int, stripes: Int, on set: InstructionSet) {
    if let kernel = unsafe set.kernels?.xxh3_consume {
      unsafe withUnsafeMutableBytes(of: &lanes) { lanes in
        unsafe XXH3Constants.secret.withUnsafeBytes { secret in
          unsafe kernel(lanes.baseAddress!, source, blocks, stripes, secret.baseAddress!)
        }
      }
      return
    }
    unsafe XXH3Constants.secret.withUnsafeBytes { secret in
      let secret = secret.baseAddress!
      for block in 0..<blocks {
        unsafe take(source + block * XXH3.blockBytes, stripes: 16, secret)
        let key = unsafe secret.loadUnaligned(fromByteOffset: 128, as: SIMD8<UInt64>.self)
        lanes = (lanes ^ (lanes &>> 47) ^ key) &* XXH3Constants.prime32_1
      }
      unsafe take(source + blocks * XXH3.blockBytes, stripes: stripes, secret)
    }
  }

  /// Products and words are summed apart, and joined at the end: the lanes are crossed once rather than at each stripe.
  @inline(__always)
  private mutating func take(_ source: UnsafeRawPointer, stripes: Int, _ secret: UnsafeRawPointer) {
    var products = lanes
    var words = SIMD8<UInt64>(repeating: 0)
    var stripe = 0
    while stripe < stripes {
      let word = unsafe source.loadUnaligned(fromByteOffset: XXH3.stripeBytes &* stripe, as: SIMD8<UInt64>.self)
      let key = unsafe word ^ secret.loadUnaligned(fromByteOffset: 8 &* stripe, as: SIMD8<UInt64>.self)
      products &+= (key & 0xFFFF_FFFF) &* (key &>> 32)
      words &+= word
      stripe &+= 1
    }
    lanes = products &+ SIMD8(words[1], words[0], words[3], words[2], words[5], words[4], words[7], words[6])
  }

  /// The hash, after the stripe that ends the input.
  mutating func finished(lastStripe: UnsafeRawPointer, byteCount: Int) -> UInt64 {
    unsafe XXH3Constants.secret.withUnsafeBytes { secret in
      let secret = secret.baseAddress!
      unsafe take(lastStripe, stripes: 1, secret + 121)
      var hash = UInt64(byteCount) &* XXH3Constants.prime64_1
      for pair in 0..<4 {
        let low = unsafe lanes[2 * pair] ^ secret.loadUnaligned(fromByteOffset: 11 + 16 * pair, as: UInt64.self)
        let high = unsafe lanes[2 * pair + 1] ^ secret.loadUnaligned(fromByteOffset: 19 + 16 * pair, as: UInt64.self)
        hash &+= XXH3Constants.folded(low, high)
      }
      return XXH3Constants.avalanche(hash)
    }
  }
}

/// Inputs of at most 240 bytes.
enum XXH3Short {
  static func hash(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
    let count = UInt64(bytes.count)
    switch bytes.count {
    case 0: return XXH3Constants.finalMix(key(56) ^ key(64))
    case 1...3:
      let (first, middle, last) = unsafe (bytes[0], bytes[bytes.count >> 1], bytes[bytes.count - 1])
      let joined = UInt64(first) << 16 | UInt64(middle) << 24 | UInt64(last) | count << 8
      return XXH3Constants.finalMix(joined ^ ((key(0) ^ key(4)) & 0xFFFF_FFFF))
    case 4...8:
      let low = unsafe UInt64(bytes.loadUnaligned(fromByteOffset: bytes.count - 4, as: UInt32.self))
      let high = unsafe UInt64(bytes.loadUnaligned(as: UInt32.self))
      var hash = (low &+ high << 32) ^ (key(8) ^ key(16))
      hash ^= (hash << 49 | hash >> 15) ^ (hash << 24 | hash >> 40)
      hash &*= 0x9FB2_1C65_1E98_DF25
      hash ^= hash >> 35 &+ count
      hash &*= 0x9FB2_1C65_1E98_DF25
      return hash ^ hash >> 28
    case 9...16:
      let low = unsafe word(bytes, 0) ^ (key(24) ^ key(32))
      let high = unsafe word(bytes, bytes.count - 8) ^ (key(40) ^ key(48))
      return XXH3Constants.avalanche(count &+ low.byteSwapped &+ high &+ XXH3Constants.folded(low, high))
    case 17...128:
      var hash = count &* XXH3Constants.prime64_1
      for pair in (0...((bytes.count - 1) / 32)).reversed() {
        unsafe hash &+= mix(bytes, 16 * pair, 32 * pair)
        unsafe hash &+= mix(bytes, bytes.count - 16 * (pair + 1), 32 * pair + 16)
      }
      return XXH3Constants.avalanche(hash)
    default:
      var hash = count &* XXH3Constants.prime64_1
      for round in 0..<8 { unsafe hash &+= mix(bytes, 16 * round, 16 * round) }
      hash = XXH3Constants.avalanche(hash)
      for round in 8..<(bytes.count / 16) { unsafe hash &+= mix(bytes, 16 * round, 16 * (round - 8) + 3) }
      unsafe hash &+= mix(bytes, bytes.count - 16, 119)
      return XXH3Constants.avalanche(hash)
    }
  }

  private static func mix(_ bytes: UnsafeRawBufferPointer, _ offset: Int, _ keyOffset: Int) -> UInt64 {
    unsafe XXH3Constants.folded(
      word(bytes, offset) ^ key(keyOffset), word(bytes, offset + 8) ^ key(keyOffset + 8))
  }

  private static func word(_ bytes: UnsafeRawBufferPointer, _ offset: Int) -> UInt64 {
    unsafe bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
  }

  private static func key(_ offset: Int) -> UInt64 {
    unsafe XXH3Constants.secret.withUnsafeBytes { unsafe $0.loadUnaligned(fromByteOffset: offset, as: UInt64.self) }
  }
}

enum XXH3Constants {
  static let prime32_1: UInt64 = 0x9E37_79B1
  static let prime32_2: UInt64 = 0x85EB_CA77
  static let prime32_3: UInt64 = 0xC2B2_AE3D
  static let prime64_1: UInt64 = 0x9E37_79B1_85EB_CA87
  static let prime64_2: UInt64 = 0xC2B2_AE3D_27D4_EB4F
  static let prime64_3: UInt64 = 0x1656_67B1_9E37_79F9
  static let prime64_4: UInt64 = 0x85EB_CA77_C2B2_AE63
  static let prime64_5: UInt64 = 0x27D4_EB2F_1656_67C5

  /// The default secret of the specification, 192 bytes.
  static let secret: [UInt8] = [
    0xB8, 0xFE, 0x6C, 0x39, 0x23, 0xA4, 0x4B, 0xBE, 0x7C, 0x01, 0x81, 0x2C, 0xF7, 0x21, 0xAD, 0x1C,
    0xDE, 0xD4, 0x6D, 0xE9, 0x83, 0x90, 0x97, 0xDB, 0x72, 0x40, 0xA4, 0xA4, 0xB7, 0xB3, 0x67, 0x1F,
    0xCB, 0x79, 0xE6, 0x4E, 0xCC, 0xC0, 0xE5, 0x78, 0x82, 0x5A, 0xD0, 0x7D, 0xCC, 0xFF, 0x72, 0x21,
    0xB8, 0x08, 0x46, 0x74, 0xF7, 0x43, 0x24, 0x8E, 0xE0, 0x35, 0x90, 0xE6, 0x81, 0x3A, 0x26, 0x4C,
    0x3C, 0x28, 0x52, 0xBB, 0x91, 0xC3, 0x00, 0xCB, 0x88, 0xD0, 0x65, 0x8B, 0x1B, 0x53, 0x2E, 0xA3,
    0x71, 0x64, 0x48, 0x97, 0xA2, 0x0D, 0xF9, 0x4E, 0x38, 0x19, 0xEF, 0x46, 0xA9, 0xDE, 0xAC, 0xD8,
    0xA8, 0xFA, 0x76, 0x3F, 0xE3, 0x9C, 0x34, 0x3F, 0xF9, 0xDC, 0xBB, 0xC7, 0xC7, 0x0B, 0x4F, 0x1D,
    0x8A, 0x51, 0xE0, 0x4B, 0xCD, 0xB4, 0x59, 0x31, 0xC8, 0x9F, 0x7E, 0xC9, 0xD9, 0x78, 0x73, 0x64,
    0xEA, 0xC5, 0xAC, 0x83, 0x34, 0xD3, 0xEB, 0xC3, 0xC5, 0x81, 0xA0, 0xFF, 0xFA, 0x13, 0x63, 0xEB,
    0x17, 0x0D, 0xDD, 0x51, 0xB7, 0xF0, 0xDA, 0x49, 0xD3, 0x16, 0x55, 0x26, 0x29, 0xD4, 0x68, 0x9E,
    0x2B, 0x16, 0xBE, 0x58, 0x7D, 0x47, 0xA1, 0xFC, 0x8F, 0xF8, 0xB8, 0xD1, 0x7A, 0xD0, 0x31, 0xCE,
    0x45, 0xCB, 0x3A, 0x8F, 0x95, 0x16, 0x04, 0x28, 0xAF, 0xD7, 0xFB, 0xCA, 0xBB, 0x4B, 0x40, 0x7E,
  ]

  /// The product of 64 by 64 bits, its halves joined by exclusive or.
  static func folded(_ a: UInt64, _ b: UInt64) -> UInt64 {
    let product = a.multipliedFullWidth(by: b)
    return product.low ^ product.high
  }

  static func avalanche(_ hash: UInt64) -> UInt64 {
    let mixed = (hash ^ hash >> 37) &* 0x1656_6791_9E37_79F9
    return mixed ^ mixed >> 32
  }

  /// The last step of XXH64, which the shortest inputs take.
  static func finalMix(_ hash: UInt64) -> UInt64 {
    var mixed = (hash ^ hash >> 33) &* prime64_2
    mixed = (mixed ^ mixed >> 29) &* prime64_3
    return mixed ^ mixed >> 32
  }
}
