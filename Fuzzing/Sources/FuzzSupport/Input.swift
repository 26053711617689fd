import CFuzzing

/// The bytes that libFuzzer hands over, which stay where they are for the length of a run.
@unsafe @_lifetime(immortal)
public func input(_ start: UnsafePointer<UInt8>?, _ count: Int) -> RawSpan {
  guard count > 0, let start = unsafe start else { return RawSpan() }
  let bytes = unsafe RawSpan(_unsafeStart: UnsafeRawPointer(start), byteCount: count)
  return unsafe _overrideLifetime(bytes, copying: ())
}

/// `bytes` as libFuzzer would change them, at most `extra` bytes longer.
public func mutated(_ bytes: [UInt8], extra: Int = 16) -> [UInt8] {
  let capacity = bytes.count + extra
  return unsafe [UInt8](unsafeUninitializedCapacity: capacity) { buffer, count in
    _ = unsafe buffer.update(fromContentsOf: bytes)
    unsafe buffer[bytes.count...].update(repeating: 0)
    count = unsafe LLVMFuzzerMutate(buffer.baseAddress, bytes.count, capacity)
  }
}

/// Puts `bytes` in the place of an input of a custom mutator.
/// - Returns: the new size, or nil where they do not fit.
@unsafe public func replace(_ data: UnsafeMutablePointer<UInt8>, _ maximum: Int, with bytes: [UInt8]) -> Int? {
  guard bytes.count <= maximum else { return nil }
  unsafe data.update(from: bytes, count: bytes.count)
  return bytes.count
}

/// A generator for a mutator's own choices, which must follow from its seed.
public struct Choices: RandomNumberGenerator {
  private var state: UInt64

  public init(seed: UInt32) { state = UInt64(seed) &* 0x9E37_79B9_7F4A_7C15 | 1 }

  public mutating func next() -> UInt64 {
    // SplitMix64.
    state &+= 0x9E37_79B9_7F4A_7C15
    var value = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
    value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
    return value ^ (value >> 31)
  }
}
