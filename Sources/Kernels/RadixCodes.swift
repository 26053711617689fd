/// Small integers, several to a byte: `formats/encodings/README.md`, "Codes".
public struct RadixCodes: Hashable, Sendable {
  public let levels: Int
  /// What the next code of a byte is multiplied by; 0 where there is but one level.
  public let radix: Int
  /// Codes in a byte; 0 where there is but one level.
  public let perByte: Int

  /// - Precondition: `levels` is 1 to 256.
  public init(levels: Int) {
    precondition((1...256).contains(levels))
    self.levels = levels
    (radix, perByte) =
      switch levels {
      case 1: (0, 0)
      case 2: (2, 8)
      case 3: (3, 5)
      case 4: (4, 4)
      case 5, 6: (6, 3)
      case 7...16: (16, 2)
      default: (256, 1)
      }
  }

  /// The bytes that `count` codes fill.
  public func byteCount(_ count: Int) -> Int { perByte == 0 ? 0 : (count + perByte - 1) / perByte }

  /// Packs codes, one a byte, into `byteCount(count)` bytes at `target`.
  public func pack(_ codes: UnsafePointer<UInt8>, count: Int, into target: UnsafeMutablePointer<UInt8>) {
    switch perByte {
    case 0: return
    case 1: unsafe target.update(from: codes, count: count)
    case 2: unsafe packPairs(codes, count, target)
    default: unsafe packGroups(codes, count, target)
    }
  }

  private func packPairs(_ codes: UnsafePointer<UInt8>, _ count: Int, _ target: UnsafeMutablePointer<UInt8>) {
    let whole = count / 2
    let pairs = unsafe UnsafeRawPointer(codes)
    var index = 0
    while index < whole {
      let pair = unsafe pairs.loadUnaligned(fromByteOffset: 2 &* index, as: UInt16.self)
      unsafe target[index] = UInt8(truncatingIfNeeded: pair | pair &>> 4)
      index &+= 1
    }
    if count % 2 == 1 { unsafe target[whole] = codes[count &- 1] }
  }

  private func packGroups(_ codes: UnsafePointer<UInt8>, _ count: Int, _ target: UnsafeMutablePointer<UInt8>) {
    let factor = UInt8(radix)
    var from = 0
    var to = 0
    while from < count {
      var last = min(from &+ perByte, count) &- 1
      var byte: UInt8 = 0
      while last >= from {
        unsafe byte = byte &* factor &+ codes[last]
        last &-= 1
      }
      unsafe target[to] = byte
      to &+= 1
      from &+= perByte
    }
  }

  /// Unpacks `byteCount(count)` bytes into `count` codes, one a byte; false where one is not below `levels`.
  /// - Parameter target: has room for `count` + 8 bytes.
  public func unpack(_ source: UnsafePointer<UInt8>, count: Int, into target: UnsafeMutablePointer<UInt8>) -> Bool {
    switch perByte {
    case 0:
      unsafe target.update(repeating: 0, count: count)
      return true
    case 1: unsafe target.update(from: source, count: count)
    case 2: unsafe unpackPairs(source, count, target)
    default: unsafe unpackGroups(source, count, target)
    }
    return unsafe Self.largest(target, count) < levels
  }

  private func unpackPairs(_ source: UnsafePointer<UInt8>, _ count: Int, _ target: UnsafeMutablePointer<UInt8>) {
    let bytes = byteCount(count)
    let pairs = UnsafeMutableRawPointer(target)
    var index = 0
    while index < bytes {
      let byte = unsafe UInt16(source[index])
      unsafe pairs.storeBytes(of: (byte | byte &<< 4) & 0x0F0F, toByteOffset: 2 &* index, as: UInt16.self)
      index &+= 1
    }
  }

  /// Eight codes are written for each byte; the next byte overwrites those that are too many.
  private func unpackGroups(_ source: UnsafePointer<UInt8>, _ count: Int, _ target: UnsafeMutablePointer<UInt8>) {
    let bytes = byteCount(count)
    unsafe withUnsafeTemporaryAllocation(of: UInt64.self, capacity: 256) { table in
      for byte in 0..<256 {
        var (rest, word) = (byte, UInt64(0))
        for place in 0..<perByte {
          // A byte beyond radix^perByte leaves a last code that is too large, which the check finds.
          let code = place == perByte - 1 ? rest : rest % radix
          word |= UInt64(code) << UInt64(8 * place)
          rest /= radix
        }
        unsafe table[byte] = word
      }
      // The last bytes are done one code at a time: what is written stays within the room.
      let whole = count / perByte
      let base = UnsafeMutableRawPointer(target)
      let words = table.baseAddress!
      var index = 0
      var place = 0
      while index < whole {
        unsafe (base + place).storeBytes(of: words[Int(source[index])], as: UInt64.self)
        index &+= 1
        place &+= perByte
      }
      if whole < bytes {
        var word = unsafe words[Int(source[whole])]
        while place < count {
          unsafe target[place] = UInt8(truncatingIfNeeded: word)
          word &>>= 8
          place &+= 1
        }
      }
    }
  }

  /// The largest of the codes, 0 of none.
  private static func largest(_ codes: UnsafePointer<UInt8>, _ count: Int) -> UInt8 {
    var largest: UInt8 = 0
    var index = 0
    while index < count {
      largest = unsafe max(largest, codes[index])
      index &+= 1
    }
    return largest
  }
}
