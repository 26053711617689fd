package import TensorModel

/// What the codes of a part of a block are conditioned on: `formats/encodings/blocks.md`.
package struct BlockKey: Hashable, Sendable {
  /// What the codes are multiplied by, as far as it tells large parts from small ones.
  package var scale: Float
  /// What is added to or subtracted from the products, in steps of the codes; 0 of types where nothing is.
  package var ratio: Float
}

/// Scales of parts that lie in six bits each, and the keys of parts.
package enum BlockScales {
  /// Scales and minima of a block of Q4_K or Q5_K: eight of either, or sixteen scales of Q3_K; nil of other types, whose
  /// scales are words.
  package static func sixBitCounts(_ type: BlockType) -> [Int]? {
    switch type {
    case .q4_k, .q5_k: [8, 8]
    case .q3_k: [16]
    default: nil
    }
  }

  /// Sixteen numbers of six bits from the twelve bytes of a field.
  package static func unpack(_ type: BlockType, _ source: UnsafeRawPointer, into target: UnsafeMutablePointer<UInt8>) {
    func byte(_ index: Int) -> UInt8 { unsafe source.load(fromByteOffset: index, as: UInt8.self) }
    var index = 0
    if type == .q3_k {
      while index < 16 {
        let low = byte(index % 8) &>> UInt8(truncatingIfNeeded: 4 &* (index / 8)) & 15
        let high = byte(8 &+ index % 4) &>> UInt8(truncatingIfNeeded: 2 &* (index / 4)) & 3
        unsafe target[index] = low | high &<< 4
        index &+= 1
      }
      return
    }
    while index < 4 {
      let (scale, minimum, halves) = (byte(index), byte(4 &+ index), byte(8 &+ index))
      unsafe target[index] = scale & 63
      unsafe target[8 &+ index] = minimum & 63
      unsafe target[4 &+ index] = halves & 15 | (scale &>> 6) &<< 4
      unsafe target[12 &+ index] = halves &>> 4 | (minimum &>> 6) &<< 4
      index &+= 1
    }
  }

  /// The other way; bits above the six are ignored.
  package static func pack(_ type: BlockType, _ source: UnsafePointer<UInt8>, into target: UnsafeMutablePointer<UInt8>)
  {
    var index = 0
    while index < 4 {
      if type == .q3_k {
        let (a, b) = unsafe (source[index], source[4 &+ index])
        let (c, d) = unsafe (source[8 &+ index], source[12 &+ index])
        unsafe target[index] = a & 15 | c &<< 4
        unsafe target[4 &+ index] = b & 15 | d &<< 4
        unsafe target[8 &+ index] = a &>> 4 & 3 | b &>> 2 & 12 | c & 48 | (d & 48) &<< 2
      } else {
        let (low, high) = unsafe (source[index], source[4 &+ index])
        let (lowMinimum, highMinimum) = unsafe (source[8 &+ index], source[12 &+ index])
        unsafe target[index] = low & 63 | (high & 48) &<< 2
        unsafe target[4 &+ index] = lowMinimum & 63 | (highMinimum & 48) &<< 2
        unsafe target[8 &+ index] = high & 15 | highMinimum &<< 4
      }
      index &+= 1
    }
  }

  /// The keys of the parts of `count` blocks, from the fields that are no codes.
  /// - Precondition: `keys` has room for `BlockSymbols.parts` for each block.
  package static func keys(
    of blocks: UnsafeRawPointer, _ count: Int, _ symbols: BlockSymbols, into keys: UnsafeMutablePointer<BlockKey>
  ) {
    guard symbols.parts > 0 else { return }
    let size = symbols.type.layout.byteCount
    var block = 0
    while block < count {
      unsafe self.keys(of: blocks + block &* size, symbols.type, into: keys + block &* symbols.parts)
      block &+= 1
    }
  }

  @inline(__always)
  private static func keys(
    of block: UnsafeRawPointer, _ type: BlockType, into keys: UnsafeMutablePointer<BlockKey>
  ) {
    func half(_ offset: Int) -> Float { unsafe Dequantize.half(block, offset) }
    func byte(_ offset: Int) -> UInt8 { unsafe Dequantize.byte(block, offset) }
    switch type {
    case .q4_1, .q5_1: unsafe keys[0] = BlockKey(scale: abs(half(0)), ratio: half(2) / half(0))
    case .q8_k: unsafe keys[0] = BlockKey(scale: abs(Dequantize.single(block)), ratio: 0)
    case .tq1_0: unsafe keys[0] = BlockKey(scale: abs(half(52)), ratio: 0)
    case .tq2_0: unsafe keys[0] = BlockKey(scale: abs(half(64)), ratio: 0)
    case .mxfp4: unsafe keys[0] = BlockKey(scale: Float(byte(0)), ratio: 0)
    case .nvfp4: for part in 0..<4 { unsafe keys[part] = BlockKey(scale: Float(byte(part)), ratio: 0) }
    case .q2_k: unsafe twoLevels(half(80), half(82), 16, keys) { (byte($0) & 15, byte($0) &>> 4) }
    case .q4_k, .q5_k:
      unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 16) { six in
        unsafe unpack(type, block + 4, into: six.baseAddress!)
        unsafe twoLevels(half(0), half(2), 8, keys) { unsafe (six[$0], six[8 &+ $0]) }
      }
    case .q3_k:
      unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 16) { six in
        unsafe unpack(type, block + 96, into: six.baseAddress!)
        let d = half(108)
        for part in 0..<16 { unsafe keys[part] = BlockKey(scale: d * Float(Int32(six[part]) &- 32), ratio: 0) }
      }
    case .q6_k:
      let d = half(208)
      for part in 0..<16 {
        unsafe keys[part] = BlockKey(scale: d * Float(Int8(bitPattern: byte(192 &+ part))), ratio: 0)
      }
    case .iq4_xs:
      let (d, high) = (half(0), unsafe Dequantize.word16(block, 2))
      for part in 0..<8 {
        let low = byte(4 &+ part / 2) &>> UInt8(truncatingIfNeeded: 4 &* (part % 2)) & 15
        let scale = Int32(low) | Int32(high &>> UInt16(truncatingIfNeeded: 2 &* part) & 3) &<< 4
        unsafe keys[part] = BlockKey(scale: d * Float(scale &- 32), ratio: 0)
      }
    default: unsafe keys[0] = BlockKey(scale: abs(half(0)), ratio: 0)
    }
  }

  @inline(__always)
  private static func twoLevels(
    _ d: Float, _ dmin: Float, _ parts: Int, _ keys: UnsafeMutablePointer<BlockKey>,
    _ numbers: (Int) -> (scale: UInt8, minimum: UInt8)
  ) {
    var part = 0
    while part < parts {
      let found = numbers(part)
      let (scale, minimum) = (d * Float(found.scale), dmin * Float(found.minimum))
      unsafe keys[part] = BlockKey(scale: scale, ratio: minimum / scale)
      part &+= 1
    }
  }
}
