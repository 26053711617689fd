/// The kernels of the `fused` encoding. Elements are aligned words; none of these functions fails.
///
/// They go over tiles of `BitFields.tile` elements, one plain loop per output, so that all of them run in vectors while
/// the tile is at hand. What can't, escaped exponents and lists with gaps, is done apart.
public enum Fused {
  /// Splits elements into symbols, escaped exponents, low byte planes and packed fields; returns the number of escapes.
  ///
  /// - Parameters:
  ///   - exponents: the listed exponents by rank, at most `layout.escape` of them; fastest where they count upwards by
  ///     ones and fill the list.
  ///   - symbols: `elements` bytes.
  ///   - escapes: room for `elements` exponents.
  ///   - planes: `layout.planeCount * elements` bytes, plane after plane.
  ///   - fields: one target per field of the layout, `BitFields.byteCount` bytes each.
  public static func encode(
    _ source: UnsafeRawPointer, elements: Int, layout: FusedLayout, exponents: [UInt16],
    symbols: UnsafeMutablePointer<UInt8>, escapes: UnsafeMutablePointer<UInt16>,
    planes: UnsafeMutablePointer<UInt8>, fields: [UnsafeMutablePointer<UInt8>], on set: InstructionSet = .best
  ) -> Int {
    let ranks = FusedRanks(exponents, layout)
    return withWord(
      width: layout.width,
      { unsafe encode(source.words(UInt8.self), elements, layout, ranks, symbols, escapes, planes, fields, set) },
      { unsafe encode(source.words(UInt16.self), elements, layout, ranks, symbols, escapes, planes, fields, set) },
      { unsafe encode(source.words(UInt32.self), elements, layout, ranks, symbols, escapes, planes, fields, set) },
      { unsafe encode(source.words(UInt64.self), elements, layout, ranks, symbols, escapes, planes, fields, set) })
  }

  @inline(__always)
  private static func encode<W: Word>(
    _ source: UnsafePointer<W>, _ elements: Int, _ layout: FusedLayout, _ ranks: FusedRanks,
    _ symbols: UnsafeMutablePointer<UInt8>, _ escapes: UnsafeMutablePointer<UInt16>,
    _ planes: UnsafeMutablePointer<UInt8>, _ fields: [UnsafeMutablePointer<UInt8>], _ set: InstructionSet
  ) -> Int {
    let cut = FusedBits<W>(layout)
    let table = ranks.first == nil ? ranks.symbolOfExponent : []
    let fieldLayout = layout.fields
    var escapeCount = 0
    unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: BitFields.tile) { scratch in
      let rest = scratch.baseAddress!
      var start = 0
      while start < elements {
        let count = min(BitFields.tile, elements &- start)
        let from = unsafe source + start
        let out = unsafe symbols + start
        if let first = ranks.first {
          unsafe writeSymbols(from, count, cut, first: first, into: out, set)
        } else {
          unsafe table.withUnsafeBufferPointer {
            unsafe writeSymbols(from, count, cut, $0.baseAddress!, into: out)
          }
        }
        escapeCount &+= unsafe writeEscapes(from, out, count, cut, into: escapes + escapeCount, set)
        unsafe writePlanes(from, count, cut, into: planes + start, plane: elements, set)
        if !fieldLayout.isEmpty {
          unsafe writeTopOfRest(from, count, cut, into: rest, set)
          for (number, field) in fieldLayout.enumerated() {
            unsafe BitFields.packTile(
              rest, elements: count, shift: field.shift, bits: field.bits,
              into: fields[number] + start * field.bits / 8, on: set)
          }
        }
        start &+= count
      }
    }
    return escapeCount
  }

  /// Symbols where rank r is the exponent `first` + r.
  @inline(never)
  private static func writeSymbols<W: Word>(
    _ source: UnsafePointer<W>, _ count: Int, _ cut: FusedBits<W>, first: UInt16,
    into symbols: UnsafeMutablePointer<UInt8>, _ set: InstructionSet
  ) {
    let base = W(truncatingIfNeeded: first) &<< cut.topBits
    let escape = W(truncatingIfNeeded: cut.firstEscapeSymbol)
    let keyShift = cut.lowBits &+ 1
    let topMask = cut.topMask
    if let kernel = unsafe set.kernels?.write_symbols {
      return unsafe kernel(
        source, count, W.byteCount, UInt64(base), UInt64(escape), UInt32(keyShift), UInt64(topMask), symbols)
    }
    var index = 0
    while index < count {
      let key = unsafe (source[index] &<< 1) &>> keyShift
      let inRun = key &- base
      let symbol = inRun < escape ? inRun : escape | key & topMask
      unsafe symbols[index] = UInt8(truncatingIfNeeded: symbol)
      index &+= 1
    }
  }

  @inline(never)
  private static func writeSymbols<W: Word>(
    _ source: UnsafePointer<W>, _ count: Int, _ cut: FusedBits<W>, _ symbolOfExponent: UnsafePointer<UInt8>,
    into symbols: UnsafeMutablePointer<UInt8>
  ) {
    let topMask = UInt8(truncatingIfNeeded: cut.topMask)
    var index = 0
    while index < count {
      let word = unsafe source[index]
      let rank = unsafe symbolOfExponent[Int(truncatingIfNeeded: cut.exponent(of: word))]
      unsafe symbols[index] = rank | UInt8(truncatingIfNeeded: word &>> cut.lowBits) & topMask
      index &+= 1
    }
  }

  /// The exponents of the escaped elements; returns how many there are.
  @inline(never)
  private static func writeEscapes<W: Word>(
    _ source: UnsafePointer<W>, _ symbols: UnsafePointer<UInt8>, _ count: Int, _ cut: FusedBits<W>,
    into escapes: UnsafeMutablePointer<UInt16>, _ set: InstructionSet
  ) -> Int {
    if W.bitWidth == 16 || W.bitWidth == 32, let kernel = unsafe set.kernels?.write_escapes {
      return unsafe kernel(
        source, symbols, count, W.byteCount, cut.firstEscapeSymbol, UInt32(cut.mantissaBits), UInt64(cut.exponentMask),
        escapes)
    }
    return unsafe withEscapes(of: symbols, count, from: cut.firstEscapeSymbol, set) { groups in
      var written = 0
      for group in groups.indices {
        var bits = unsafe groups[group]
        let from = unsafe source + 64 * group
        while bits != 0 {
          unsafe escapes[written] = cut.exponent(of: from[bits.trailingZeroBitCount])
          written &+= 1
          bits &= bits &- 1
        }
      }
      return written
    }
  }

  /// The low bytes of each element's rest, plane after plane, `plane` bytes apart.
  @inline(never)
  private static func writePlanes<W: Word>(
    _ source: UnsafePointer<W>, _ count: Int, _ cut: FusedBits<W>, into planes: UnsafeMutablePointer<UInt8>,
    plane: Int, _ set: InstructionSet
  ) {
    for number in 0..<cut.planeCount {
      let out = unsafe planes + number * plane
      let shift = W(truncatingIfNeeded: 8 * number)
      var index = 0
      // The topmost plane ends with the sign where the rest fills whole bytes.
      if number == cut.planeCount - 1, cut.restFillsPlanes {
        if let kernel = unsafe set.kernels?.write_rest {
          return unsafe kernel(
            source, count, W.byteCount, UInt64(cut.lowMask), UInt32(cut.lowBits), UInt32(shift), out)
        }
        while index < count {
          unsafe out[index] = UInt8(truncatingIfNeeded: cut.rest(of: source[index]) &>> shift)
          index &+= 1
        }
      } else if let kernel = unsafe set.kernels?.write_plane {
        unsafe kernel(source, count, W.byteCount, UInt32(shift), out)
      } else {
        while index < count {
          unsafe out[index] = UInt8(truncatingIfNeeded: source[index] &>> shift)
          index &+= 1
        }
      }
    }
  }

  /// What of each element's rest lies above the planes.
  @inline(never)
  private static func writeTopOfRest<W: Word>(
    _ source: UnsafePointer<W>, _ count: Int, _ cut: FusedBits<W>, into target: UnsafeMutablePointer<UInt8>,
    _ set: InstructionSet
  ) {
    let shift = W(truncatingIfNeeded: 8 * cut.planeCount)
    if let kernel = unsafe set.kernels?.write_rest {
      return unsafe kernel(
        source, count, W.byteCount, UInt64(cut.lowMask), UInt32(cut.lowBits), UInt32(shift), target)
    }
    var index = 0
    while index < count {
      unsafe target[index] = UInt8(truncatingIfNeeded: cut.rest(of: source[index]) &>> shift)
      index &+= 1
    }
  }

  /// Calls `body` with a word for each 64 symbols, at most a tile of them: bit i is set where symbol i is an escape.
  @inline(__always)
  static func withEscapes<Result>(
    of symbols: UnsafePointer<UInt8>, _ count: Int, from first: UInt8, _ set: InstructionSet,
    _ body: (UnsafeMutableBufferPointer<UInt64>) -> Result
  ) -> Result {
    unsafe withUnsafeTemporaryAllocation(of: UInt64.self, capacity: BitFields.tile / 64) { all in
      let groups = unsafe UnsafeMutableBufferPointer(rebasing: all[..<((count + 63) / 64)])
      if let kernel = unsafe set.kernels?.find_escapes {
        unsafe kernel(symbols, count, first, groups.baseAddress)
      } else {
        for group in groups.indices {
          unsafe groups[group] = escapes(in: symbols + 64 * group, count: min(64, count &- 64 * group), from: first)
        }
      }
      return unsafe body(groups)
    }
  }

  /// Bit i of the result is set where symbol i is an escape, one of `first` and above.
  /// - Precondition: `count` is at most 64.
  @inline(__always)
  static func escapes(in symbols: UnsafePointer<UInt8>, count: Int, from first: UInt8) -> UInt64 {
    var bits: UInt64 = 0
    if count == 64 {
      let low7: UInt64 = 0x7F7F_7F7F_7F7F_7F7F
      let pattern = UInt64(first) &* 0x0101_0101_0101_0101
      var byte = 0
      while byte < 8 {
        let word = unsafe UInt64(
          littleEndian: UnsafeRawPointer(symbols).loadUnaligned(fromByteOffset: 8 &* byte, as: UInt64.self))
        // A byte of `missing` is 0 where all rank bits are set, which only the escape's are; bit 7 of `escaped` says so.
        let missing = (word & pattern) ^ pattern
        let escaped = ~((missing & low7 &+ low7) | missing | low7)
        bits |= ByteFlags.bits(of: escaped &>> 7) &<< UInt64(truncatingIfNeeded: 8 &* byte)
        byte &+= 1
      }
    } else {
      var index = 0
      while index < count {
        if unsafe symbols[index] >= first { bits |= 1 &<< UInt64(truncatingIfNeeded: index) }
        index &+= 1
      }
    }
    return bits
  }
}

/// A layout's masks and shifts as words of its elements.
struct FusedBits<W: Word> {
  let exponentBits: W
  let mantissaBits: W
  let topBits: W
  let lowBits: W
  let topMask: W
  let lowMask: W
  /// The exponent's bits, in place.
  let exponentMask: W
  let planeCount: Int
  let restFillsPlanes: Bool
  let firstEscapeSymbol: UInt8

  init(_ layout: FusedLayout) {
    exponentBits = W(truncatingIfNeeded: layout.exponentBits)
    mantissaBits = W(truncatingIfNeeded: layout.mantissaBits)
    topBits = W(truncatingIfNeeded: layout.topBits)
    lowBits = W(truncatingIfNeeded: layout.lowBits)
    topMask = 1 &<< topBits &- 1
    lowMask = 1 &<< lowBits &- 1
    exponentMask = (1 &<< exponentBits &- 1) &<< mantissaBits
    planeCount = layout.planeCount
    restFillsPlanes = layout.restBits % 8 == 0
    firstEscapeSymbol = layout.firstEscapeSymbol
  }

  @inline(__always)
  func exponent(of word: W) -> UInt16 { UInt16(truncatingIfNeeded: (word & exponentMask) &>> mantissaBits) }

  /// The low mantissa bits with the sign above them.
  @inline(__always)
  func rest(of word: W) -> W { word & lowMask | (word &>> W(truncatingIfNeeded: W.bitWidth - 1)) &<< lowBits }

  /// The inverse of `rest(of:)`.
  @inline(__always)
  func element(rest: W) -> W { rest & lowMask | (rest &>> lowBits) &<< W(truncatingIfNeeded: W.bitWidth - 1) }
}
