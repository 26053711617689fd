import TensorModel

/// Compressed bytes, read from front to back.
@safe struct InputBytes {
  private let bytes: UnsafeRawBufferPointer
  private(set) var position = 0

  init(_ bytes: UnsafeRawBufferPointer) { unsafe self.bytes = unsafe bytes }

  var isAtEnd: Bool { unsafe position == bytes.count }
  var remaining: Int { unsafe bytes.count - position }

  @inline(__always)
  mutating func byte(_ what: StaticString) throws(ModelError) -> UInt8 {
    guard unsafe position < bytes.count else {
      throw ModelError(.malformed, "expected another byte of an \(what)", at: position)
    }
    defer { position &+= 1 }
    return unsafe bytes[position]
  }

  /// The next `count` bytes, of which there must be that many.
  @inline(__always)
  mutating func take(_ count: Int) -> UnsafeRawPointer {
    defer { position &+= count }
    return unsafe bytes.baseAddress! + position
  }
}

/// The bytes that were decoded so far, from which matches are taken; every write is checked against both its ends.
@safe struct MatchWindow {
  private let bytes: UnsafeMutableRawBufferPointer
  private(set) var filled = 0

  init(_ bytes: UnsafeMutableRawBufferPointer) { unsafe self.bytes = unsafe bytes }

  @inline(__always)
  mutating func appendLiterals(_ count: Int, _ input: inout InputBytes) throws(ModelError) {
    guard count > 0 else { return }
    guard count <= input.remaining else {
      throw ModelError(.malformed, "expected \(count) literals, \(input.remaining) bytes are left", at: input.position)
    }
    guard unsafe count <= bytes.count - filled else { throw tooMany(count, at: input.position) }
    unsafe (bytes.baseAddress! + filled).copyMemory(from: input.take(count), byteCount: count)
    filled &+= count
  }

  /// Repeats `count` bytes that lie `distance` bytes back, which may reach into what this match itself writes.
  @inline(__always)
  mutating func appendMatch(distance: Int, count: Int, at position: Int) throws(ModelError) {
    guard distance >= 1, distance <= filled else {
      throw ModelError(.malformed, "a match \(distance) bytes back, behind \(filled) bytes", at: position)
    }
    guard unsafe count <= bytes.count - filled else { throw tooMany(count, at: position) }
    let target = unsafe bytes.baseAddress! + filled
    unsafe Self.repeatBytes(from: target - distance, distance: distance, count: count, to: target)
    filled &+= count
  }

  @inline(__always)
  private static func repeatBytes(
    from source: UnsafeMutableRawPointer, distance: Int, count: Int, to target: UnsafeMutableRawPointer
  ) {
    if distance >= count { return unsafe target.copyMemory(from: source, byteCount: count) }
    var index = 0
    if distance >= 8 {
      while index &+ 8 <= count {
        let word = unsafe source.loadUnaligned(fromByteOffset: index, as: UInt64.self)
        unsafe target.storeBytes(of: word, toByteOffset: index, as: UInt64.self)
        index &+= 8
      }
    }
    while index < count {
      unsafe target.storeBytes(
        of: source.load(fromByteOffset: index, as: UInt8.self), toByteOffset: index, as: UInt8.self)
      index &+= 1
    }
  }

  private func tooMany(_ count: Int, at position: Int) -> ModelError {
    unsafe ModelError(.malformed, "\(count) bytes behind \(filled), expected \(bytes.count) at most", at: position)
  }
}
