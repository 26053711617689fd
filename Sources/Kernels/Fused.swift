/// The kernels of the `fused` encoding. Elements are aligned words; none of these functions fails.
public enum Fused {
  /// Splits elements into symbols, escaped exponents, low byte planes and packed fields; returns the number of escapes.
  ///
  /// - Parameters:
  ///   - symbolOfExponent: for each of the 2^exponentBits exponents its rank, shifted above the top mantissa bits.
  ///   - symbols: `elements` bytes.
  ///   - escapes: room for `elements` exponents.
  ///   - planes: `layout.planeCount * elements` bytes, plane after plane.
  ///   - fields: one target per field of the layout, `BitFields.byteCount` bytes each.
  public static func encode(
    _ source: UnsafeRawPointer, elements: Int, layout: FusedLayout, symbolOfExponent: UnsafePointer<UInt8>,
    symbols: UnsafeMutablePointer<UInt8>, escapes: UnsafeMutablePointer<UInt16>,
    planes: UnsafeMutablePointer<UInt8>, fields: [UnsafeMutablePointer<UInt8>]
  ) -> Int {
    withWord(
      width: layout.width,
      { unsafe encode(source.words(UInt8.self), elements, layout, symbolOfExponent, symbols, escapes, planes, fields) },
      {
        unsafe encode(source.words(UInt16.self), elements, layout, symbolOfExponent, symbols, escapes, planes, fields)
      },
      {
        unsafe encode(source.words(UInt32.self), elements, layout, symbolOfExponent, symbols, escapes, planes, fields)
      },
      { unsafe encode(source.words(UInt64.self), elements, layout, symbolOfExponent, symbols, escapes, planes, fields) }
    )
  }

  /// The inverse of `encode`; returns false where the symbols do not have exactly `escapeCount` escapes.
  /// - Parameter exponents: the listed exponents by rank; ranks beyond the list decode as exponent 0.
  public static func decode(
    symbols: UnsafePointer<UInt8>, elements: Int, layout: FusedLayout, exponents: [UInt16],
    escapes: UnsafePointer<UInt16>, escapeCount: Int, planes: [UnsafePointer<UInt8>],
    fields: [UnsafePointer<UInt8>], into target: UnsafeMutableRawPointer
  ) -> Bool {
    let escaped: Int? = withWord(
      width: layout.width,
      {
        unsafe decode(
          symbols, elements, layout, exponents, escapes, escapeCount, planes, fields, target.words(UInt8.self))
      },
      {
        unsafe decode(
          symbols, elements, layout, exponents, escapes, escapeCount, planes, fields, target.words(UInt16.self))
      },
      {
        unsafe decode(
          symbols, elements, layout, exponents, escapes, escapeCount, planes, fields, target.words(UInt32.self))
      },
      {
        unsafe decode(
          symbols, elements, layout, exponents, escapes, escapeCount, planes, fields, target.words(UInt64.self))
      }
    )
    return escaped == escapeCount
  }

  @inline(__always)
  private static func encode<W: Word>(
    _ source: UnsafePointer<W>, _ elements: Int, _ layout: FusedLayout, _ symbolOfExponent: UnsafePointer<UInt8>,
    _ symbols: UnsafeMutablePointer<UInt8>, _ escapes: UnsafeMutablePointer<UInt16>,
    _ planes: UnsafeMutablePointer<UInt8>, _ fields: [UnsafeMutablePointer<UInt8>]
  ) -> Int {
    let mantissaShift = W(truncatingIfNeeded: layout.mantissaBits)
    let exponentMask = W(truncatingIfNeeded: 1 &<< layout.exponentBits - 1)
    let topShift = W(truncatingIfNeeded: layout.lowBits)
    let topMask = UInt8(truncatingIfNeeded: 1 &<< layout.topBits - 1)
    let lowMask = W(truncatingIfNeeded: (UInt64(1) &<< UInt64(layout.lowBits)) - 1)
    let signShift = W(truncatingIfNeeded: W.bitWidth - 1)
    let planeCount = layout.planeCount
    let fieldShift = W(truncatingIfNeeded: 8 * planeCount)
    let fieldLayout = layout.fields
    var escapeCount = 0
    unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: BitFields.tile) { scratch in
      let rest = scratch.baseAddress!
      var start = 0
      while start < elements {
        let count = min(BitFields.tile, elements - start)
        let from = unsafe source + start
        let out = unsafe symbols + start
        for index in 0..<count {
          let word = unsafe from[index]
          let rank = unsafe symbolOfExponent[Int(truncatingIfNeeded: word &>> mantissaShift & exponentMask)]
          unsafe out[index] = rank | UInt8(truncatingIfNeeded: word &>> topShift) & topMask
        }
        unsafe forEachEscape(in: out, count: count, layout: layout) { index in
          unsafe escapes[escapeCount] = UInt16(truncatingIfNeeded: from[index] &>> mantissaShift & exponentMask)
          escapeCount += 1
        }
        for plane in 0..<planeCount {
          let out = unsafe planes + plane * elements + start
          // The topmost plane ends with the sign where the rest fills whole bytes.
          if plane == planeCount - 1, layout.restBits % 8 == 0 {
            for index in 0..<count {
              let word = unsafe from[index]
              let rest = word & lowMask | (word &>> signShift) &<< topShift
              unsafe out[index] = UInt8(truncatingIfNeeded: rest &>> W(truncatingIfNeeded: 8 * plane))
            }
          } else {
            let shift = W(truncatingIfNeeded: 8 * plane)
            for index in 0..<count { unsafe out[index] = UInt8(truncatingIfNeeded: from[index] &>> shift) }
          }
        }
        if !fieldLayout.isEmpty {
          for index in 0..<count {
            let word = unsafe from[index]
            unsafe rest[index] = UInt8(
              truncatingIfNeeded: (word & lowMask | (word &>> signShift) &<< topShift) &>> fieldShift)
          }
          for (number, field) in fieldLayout.enumerated() {
            unsafe BitFields.packTile(
              rest, elements: count, shift: field.shift, bits: field.bits,
              into: fields[number] + start * field.bits / 8)
          }
        }
        start += count
      }
    }
    return escapeCount
  }

  @inline(__always)
  private static func decode<W: Word>(
    _ symbols: UnsafePointer<UInt8>, _ elements: Int, _ layout: FusedLayout, _ exponents: [UInt16],
    _ escapes: UnsafePointer<UInt16>, _ escapeLimit: Int, _ planes: [UnsafePointer<UInt8>],
    _ fields: [UnsafePointer<UInt8>], _ target: UnsafeMutablePointer<W>
  ) -> Int? {
    let mantissaShift = W(truncatingIfNeeded: layout.mantissaBits)
    let exponentMask = W(truncatingIfNeeded: 1 &<< layout.exponentBits - 1) &<< mantissaShift
    let topShift = W(truncatingIfNeeded: layout.lowBits)
    let topMask = 1 &<< layout.topBits - 1
    let lowMask = W(truncatingIfNeeded: (UInt64(1) &<< UInt64(layout.lowBits)) - 1)
    let signShift = W(truncatingIfNeeded: W.bitWidth - 1)
    let fieldShift = W(truncatingIfNeeded: 8 * layout.planeCount)
    let fieldLayout = layout.fields
    let planeCount = layout.planeCount
    var escaped = 0
    var overflow = false
    return unsafe withUnsafeTemporaryAllocation(of: W.self, capacity: 256) { table in
      for symbol in 0..<256 {
        let rank = symbol &>> layout.topBits
        let exponent = rank < exponents.count ? W(truncatingIfNeeded: exponents[rank]) &<< mantissaShift : 0
        let top = W(truncatingIfNeeded: symbol & topMask) &<< topShift
        unsafe table[symbol] = exponent | top
      }
      return unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: BitFields.tile) { scratch in
        let rest = scratch.baseAddress!
        let words = table.baseAddress!
        var start = 0
        while start < elements, !overflow {
          let count = min(BitFields.tile, elements - start)
          let from = unsafe symbols + start
          let out = unsafe target + start
          if !fieldLayout.isEmpty {
            unsafe rest.update(repeating: 0, count: count)
            for (number, field) in fieldLayout.enumerated() {
              unsafe BitFields.unpackTile(
                fields[number] + start * field.bits / 8, elements: count, shift: field.shift, bits: field.bits,
                into: rest)
            }
          }
          switch planeCount {
          case 0:
            for index in 0..<count {
              let value = unsafe W(truncatingIfNeeded: rest[index])
              unsafe out[index] = words[Int(from[index])] | value & lowMask | (value &>> topShift) &<< signShift
            }
          case 1 where fieldLayout.isEmpty:
            let low = unsafe planes[0] + start
            for index in 0..<count {
              let value = unsafe W(truncatingIfNeeded: low[index])
              unsafe out[index] = words[Int(from[index])] | value & lowMask | (value &>> topShift) &<< signShift
            }
          case 2 where W.bitWidth == 32:
            let (low, high) = unsafe (planes[0] + start, planes[1] + start)
            for index in 0..<count {
              let bytes = unsafe W(truncatingIfNeeded: low[index]) | W(truncatingIfNeeded: high[index]) &<< W(8)
              let value = unsafe bytes | W(truncatingIfNeeded: rest[index]) &<< W(truncatingIfNeeded: 16)
              unsafe out[index] = words[Int(from[index])] | value & lowMask | (value &>> topShift) &<< signShift
            }
          default:
            for index in 0..<count {
              var value: W = fieldLayout.isEmpty ? 0 : unsafe W(truncatingIfNeeded: rest[index]) &<< fieldShift
              for plane in 0..<planeCount {
                value |= unsafe W(truncatingIfNeeded: planes[plane][start + index]) &<< W(truncatingIfNeeded: 8 * plane)
              }
              unsafe out[index] = words[Int(from[index])] | value & lowMask | (value &>> topShift) &<< signShift
            }
          }
          unsafe forEachEscape(in: from, count: count, layout: layout) { index in
            guard escaped < escapeLimit else {
              overflow = true
              return
            }
            let exponent = unsafe W(truncatingIfNeeded: escapes[escaped]) &<< mantissaShift
            unsafe out[index] = out[index] & ~exponentMask | exponent & exponentMask
            escaped += 1
          }
          start += count
        }
        return overflow ? nil : escaped
      }
    }
  }

  /// Calls `body` with the index of each escaped symbol, in order. Eight symbols at a time are dismissed together.
  @inline(__always)
  private static func forEachEscape(
    in symbols: UnsafePointer<UInt8>, count: Int, layout: FusedLayout, _ body: (Int) -> Void
  ) {
    let first = layout.firstEscapeSymbol
    let ones: UInt64 = 0x0101_0101_0101_0101
    let pattern = UInt64(first) &* ones
    let whole = count & ~7
    var index = 0
    while index < whole {
      let word = unsafe UnsafeRawPointer(symbols + index).loadUnaligned(as: UInt64.self)
      // A byte of `distance` is 0 where all rank bits are set, which only the escape's are.
      let distance = (word & pattern) ^ pattern
      if (distance &- ones) & ~distance & (ones &<< 7) != 0 {
        for offset in index..<(index + 8) where unsafe symbols[offset] >= first { body(offset) }
      }
      index += 8
    }
    while index < count {
      if unsafe symbols[index] >= first { body(index) }
      index += 1
    }
  }
}
