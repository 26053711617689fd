/// Reads untrusted bytes from front to back through a window that it can't leave; every error names its offset.
public struct ByteCursor: ~Escapable {
  private let bytes: RawSpan
  /// Where the window begins in the file, for errors.
  private let origin: Int
  /// The next byte to read, counted from the start of the window.
  public private(set) var position = 0

  /// - Parameter origin: the offset in the file at which `bytes` begins.
  @_lifetime(copy bytes)
  public init(_ bytes: RawSpan, origin: Int = 0) {
    self.bytes = bytes
    self.origin = origin
  }

  public var remaining: Int { bytes.byteCount - position }
  /// The offset in the file of the next byte.
  public var offset: Int { origin + position }

  public mutating func byte(_ what: @autoclosure () -> String) throws(ModelError) -> UInt8 {
    guard remaining >= 1 else { throw truncated(what(), needs: 1) }
    defer { position += 1 }
    return octet(position)
  }

  /// A little-endian integer.
  @inlinable public mutating func integer<Value: FixedWidthInteger & UnsignedInteger>(
    _ type: Value.Type, _ what: @autoclosure () -> String
  ) throws(ModelError) -> Value {
    Value(truncatingIfNeeded: try integer(ofBytes: MemoryLayout<Value>.size, what()))
  }

  @usableFromInline mutating func integer(
    ofBytes width: Int, _ what: @autoclosure () -> String
  ) throws(ModelError) -> UInt64 {
    guard remaining >= width else { throw truncated(what(), needs: width) }
    var value: UInt64 = 0
    for index in 0..<width { value |= UInt64(octet(position + index)) << UInt64(8 * index) }
    position += width
    return value
  }

  /// A LEB128 integer below 2^63 in its shortest form.
  public mutating func varint(_ what: @autoclosure () -> String) throws(ModelError) -> Int {
    let start = offset
    var value = 0
    var shift = 0
    while true {
      let next = try byte(what())
      let bits = Int(next & 0x7F)
      guard shift < 63, next != 0 || shift == 0 else {
        throw ModelError(.malformed, "\(what()): expected the shortest form of an integer below 2^63", at: start)
      }
      value |= bits << shift
      if next < 0x80 { return value }
      shift += 7
    }
  }

  /// A varint that is a count of things of at least `unit` bytes each, and so can't exceed what remains.
  public mutating func count(_ what: @autoclosure () -> String, unit: Int = 1) throws(ModelError) -> Int {
    let start = offset
    let value = try varint(what())
    guard value <= remaining / max(unit, 1) else {
      throw ModelError(.malformed, "\(what()): \(value), with \(remaining) bytes left", at: start)
    }
    return value
  }

  /// The next `count` bytes, lent.
  @_lifetime(copy self)
  public mutating func take(_ count: Int, _ what: @autoclosure () -> String) throws(ModelError) -> RawSpan {
    guard count >= 0, remaining >= count else { throw truncated(what(), needs: count) }
    let start = position
    position += count
    return bytes.extracting(start..<position)
  }

  /// A string of UTF-8 behind its length in bytes.
  public mutating func string(_ what: @autoclosure () -> String) throws(ModelError) -> String {
    let start = offset
    let text = try take(self.count(what()), what())
    do {
      return String(copying: try UTF8Span(validating: Span(_bytes: text)))
    } catch {
      throw ModelError(.malformed, "\(what()): expected UTF-8", at: start)
    }
  }

  /// Demands that nothing is left.
  public func end(of what: @autoclosure () -> String) throws(ModelError) {
    guard remaining == 0 else {
      throw ModelError(.malformed, "\(remaining) bytes too many after \(what())", at: offset)
    }
  }

  /// The load is checked against the window; it counts as unsafe because not every type may be loaded so.
  private func octet(_ index: Int) -> UInt8 { unsafe bytes.unsafeLoad(fromByteOffset: index, as: UInt8.self) }

  private func truncated(_ what: String, needs count: Int) -> ModelError {
    ModelError(.malformed, "\(what): needs \(count) bytes, \(remaining) are left", at: offset)
  }
}
