extension Fused {
  /// The inverse of `encode`; returns false where the symbols do not have exactly `escapeCount` escapes.
  /// - Parameter exponents: the listed exponents by rank; ranks beyond the list decode as exponent 0.
  public static func decode(
    symbols: UnsafePointer<UInt8>, elements: Int, layout: FusedLayout, exponents: [UInt16],
    escapes: UnsafePointer<UInt16>, escapeCount: Int, planes: [UnsafePointer<UInt8>],
    fields: [UnsafePointer<UInt8>], into target: UnsafeMutableRawPointer,
    on set: InstructionSet = .best
  ) -> Bool {
    let ranks = FusedRanks(exponents, layout)
    let streams = unsafe FusedStreams(
      symbols: symbols, escapes: escapes, escapeCount: escapeCount, planes: planes, fields: fields)
    return withWord(
      width: layout.width,
      { unsafe decode(streams, elements, layout, ranks, target.words(UInt8.self), set) },
      { unsafe decode(streams, elements, layout, ranks, target.words(UInt16.self), set) },
      { unsafe decode(streams, elements, layout, ranks, target.words(UInt32.self), set) },
      { unsafe decode(streams, elements, layout, ranks, target.words(UInt64.self), set) })
  }

  @unsafe private struct FusedStreams {
    let symbols: UnsafePointer<UInt8>
    let escapes: UnsafePointer<UInt16>
    let escapeCount: Int
    let planes: [UnsafePointer<UInt8>]
    let fields: [UnsafePointer<UInt8>]
  }

  @inline(__always)
  private static func decode<W: Word>(
    _ streams: FusedStreams, _ elements: Int, _ layout: FusedLayout, _ ranks: FusedRanks,
    _ target: UnsafeMutablePointer<W>, _ set: InstructionSet
  ) -> Bool {
    let cut = FusedBits<W>(layout)
    let table = ranks.first == nil ? ranks.magnitudeOfSymbol(W.self) : []
    let fieldLayout = layout.fields
    var escaped = 0
    return unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: BitFields.tile) { scratch in
      let rest = scratch.baseAddress!
      var start = 0
      while start < elements {
        let count = min(BitFields.tile, elements &- start)
        let symbols = unsafe streams.symbols + start
        let out = unsafe target + start
        if fieldLayout.isEmpty {
          unsafe readPlanes(streams.planes, start, count, cut, above: nil, into: out, set)
        } else {
          unsafe rest.update(repeating: 0, count: count)
          for (number, field) in fieldLayout.enumerated() {
            unsafe BitFields.unpackTile(
              streams.fields[number] + start * field.bits / 8, elements: count, shift: field.shift, bits: field.bits,
              into: rest, on: set)
          }
          unsafe readPlanes(streams.planes, start, count, cut, above: rest, into: out, set)
        }
        if let first = ranks.first {
          unsafe addSymbols(symbols, count, cut, first: first, to: out, set)
        } else {
          unsafe table.withUnsafeBufferPointer { unsafe addSymbols(symbols, count, $0.baseAddress!, to: out) }
        }
        escaped &+= unsafe patchEscapes(
          symbols, count, cut, streams.escapes + escaped, limit: streams.escapeCount &- escaped, in: out,
          set)
        guard escaped <= (unsafe streams.escapeCount) else { return false }
        start &+= count
      }
      return escaped == (unsafe streams.escapeCount)
    }
  }

  /// Puts the exponents of escaped elements in place, at most `limit` of them; returns how many escapes there are.
  @inline(never)
  private static func patchEscapes<W: Word>(
    _ symbols: UnsafePointer<UInt8>, _ count: Int, _ cut: FusedBits<W>, _ escapes: UnsafePointer<UInt16>, limit: Int,
    in target: UnsafeMutablePointer<W>, _ set: InstructionSet
  ) -> Int {
    if W.bitWidth == 16 || W.bitWidth == 32, let kernel = unsafe set.kernels?.patch_escapes {
      return unsafe kernel(
        symbols, count, W.byteCount, cut.firstEscapeSymbol, UInt32(cut.mantissaBits), UInt64(cut.exponentMask), escapes,
        limit, target)
    }
    return unsafe withEscapes(of: symbols, count, from: cut.firstEscapeSymbol, set) { groups in
      var read = 0
      for group in groups.indices {
        var bits = unsafe groups[group]
        guard bits != 0 else { continue }
        guard read &+ bits.nonzeroBitCount <= limit else { return limit &+ 1 }
        let out = unsafe target + 64 * group
        while bits != 0 {
          let index = bits.trailingZeroBitCount
          let exponent = unsafe W(truncatingIfNeeded: escapes[read]) &<< cut.mantissaBits
          unsafe out[index] = out[index] & ~cut.exponentMask | exponent & cut.exponentMask
          read &+= 1
          bits &= bits &- 1
        }
      }
      return read
    }
  }

  /// Writes the rest of each element to its place: the planes, and above them the bytes of `above`.
  @inline(never)
  private static func readPlanes<W: Word>(
    _ planes: [UnsafePointer<UInt8>], _ start: Int, _ count: Int, _ cut: FusedBits<W>, above: UnsafePointer<UInt8>?,
    into target: UnsafeMutablePointer<W>, _ set: InstructionSet
  ) {
    // The bytes of the rest from below; absent ones are as good as the first with a mask of 0.
    let bytes = unsafe planes.map { unsafe $0 + start } + (above.map { unsafe [$0] } ?? [])
    if let kernel = unsafe set.kernels?.read_rest {
      return unsafe bytes.map { unsafe Optional($0) }.withUnsafeBufferPointer {
        unsafe kernel($0.baseAddress, $0.count, count, W.byteCount, UInt64(cut.lowMask), UInt32(cut.lowBits), target)
      }
    }
    var index = 0
    switch unsafe bytes.count {
    case 1:
      let low = unsafe bytes[0]
      while index < count {
        unsafe target[index] = cut.element(rest: W(truncatingIfNeeded: low[index]))
        index &+= 1
      }
    case 2 where W.bitWidth >= 16:
      let (low, next) = unsafe (bytes[0], bytes[1])
      while index < count {
        let rest = unsafe W(truncatingIfNeeded: low[index]) | W(truncatingIfNeeded: next[index]) &<< 8
        unsafe target[index] = cut.element(rest: rest)
        index &+= 1
      }
    case 3 where W.bitWidth >= 32:
      let (low, next, high) = unsafe (bytes[0], bytes[1], bytes[2])
      let shift = W(truncatingIfNeeded: 16)
      while index < count {
        let pair = unsafe W(truncatingIfNeeded: low[index]) | W(truncatingIfNeeded: next[index]) &<< 8
        unsafe target[index] = cut.element(rest: pair | W(truncatingIfNeeded: high[index]) &<< shift)
        index &+= 1
      }
    default:
      while index < count {
        var rest: W = 0
        for number in unsafe bytes.indices {
          rest |= unsafe W(truncatingIfNeeded: bytes[number][index]) &<< W(truncatingIfNeeded: 8 * number)
        }
        unsafe target[index] = cut.element(rest: rest)
        index &+= 1
      }
    }
  }

  /// Adds exponents and leading mantissa bits where rank r is the exponent `first` + r; escapes get any exponent.
  @inline(never)
  private static func addSymbols<W: Word>(
    _ symbols: UnsafePointer<UInt8>, _ count: Int, _ cut: FusedBits<W>, first: UInt16,
    to target: UnsafeMutablePointer<W>, _ set: InstructionSet
  ) {
    let base = W(truncatingIfNeeded: first) &<< cut.topBits
    if let kernel = unsafe set.kernels?.add_symbols {
      return unsafe kernel(symbols, count, W.byteCount, UInt64(base), UInt32(cut.lowBits), target)
    }
    var index = 0
    while index < count {
      // The carry of an escape leaves by the top, not into the sign.
      let magnitude = unsafe ((W(truncatingIfNeeded: symbols[index]) &+ base) &<< (cut.lowBits &+ 1)) &>> 1
      unsafe target[index] |= magnitude
      index &+= 1
    }
  }

  @inline(never)
  private static func addSymbols<W: Word>(
    _ symbols: UnsafePointer<UInt8>, _ count: Int, _ magnitudeOfSymbol: UnsafePointer<W>,
    to target: UnsafeMutablePointer<W>
  ) {
    var index = 0
    while index < count {
      unsafe target[index] |= magnitudeOfSymbol[Int(symbols[index])]
      index &+= 1
    }
  }
}
