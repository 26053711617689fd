import CKernels
internal import TensorModel

/// A float type of 32 or 64 bits as the loops see it: its words, and the constants that part them into classes.
///
/// The key of a word is its bits as a signed number with the magnitude turned round where the sign is set, so that keys
/// are ordered as the values are, −0 just below 0, infinities and then NaNs at both ends. Equal keys are equal bits.
private protocol FloatWords {
  associatedtype Word: FixedWidthInteger & UnsignedInteger
  associatedtype Key: FixedWidthInteger & SignedInteger
  associatedtype Value: LaneScalar & BinaryFloatingPoint
  static var infinity: Key { get }
  static var smallestNormal: Word { get }
  static var mantissaBits: Int { get }
  /// Mantissa bits of the widest type that is narrower.
  static var narrowerMantissaBits: Int { get }
  /// The value of a finite word, exactly.
  static func value(_ word: Word) -> Value
}

private enum F32Words: FloatWords {
  typealias Key = Int32
  static var infinity: Int32 { 0x7F80_0000 }
  static var smallestNormal: UInt32 { 0x0080_0000 }
  static var mantissaBits: Int { 23 }
  static var narrowerMantissaBits: Int { 10 }
  @inline(__always) static func value(_ word: UInt32) -> Float { Float(bitPattern: word) }
}

private enum F64Words: FloatWords {
  typealias Key = Int64
  static var infinity: Int64 { 0x7FF0_0000_0000_0000 }
  static var smallestNormal: UInt64 { 0x0010_0000_0000_0000 }
  static var mantissaBits: Int { 52 }
  static var narrowerMantissaBits: Int { 23 }
  @inline(__always) static func value(_ word: UInt64) -> Double { Double(bitPattern: word) }
}

extension FloatWords {
  @inline(__always) fileprivate static func key(_ word: Word) -> Key {
    let signed = Key(truncatingIfNeeded: word)
    return signed ^ (signed &>> (Key(Key.bitWidth) - 1) & Key.max)
  }

  @inline(__always) fileprivate static func word(ofKey key: Key) -> Word {
    Word(truncatingIfNeeded: key ^ (key &>> (Key(Key.bitWidth) - 1) & Key.max))
  }
}

func floatStatistics(
  _ bytes: UnsafeRawBufferPointer, _ layout: FloatLayout, _ set: InstructionSet
) -> ValueStatistics {
  switch layout {
  case .f32: unsafe statistics(bytes, F32Words.self, set.statistics)
  case .f64: unsafe statistics(bytes, F64Words.self, nil)
  default: preconditionFailure("no float of \(layout.width) bits has the layout \(layout)")
  }
}

/// What one pass over the bits of a block counts, in words as wide as the elements, so that every lane is used.
private struct BlockClasses<Floats: FloatWords> {
  var zeros: Floats.Word = 0
  var negativeZeros: Floats.Word = 0
  /// Zeros and subnormals.
  var tiny: Floats.Word = 0
  var lowestKey = Floats.Key.max
  var highestKey = Floats.Key.min
  /// The OR of all.
  var union: Floats.Word = 0

  @inline(__always)
  init(_ source: UnsafeRawPointer, _ count: Int) {
    let magnitudeMask = Floats.Word.max >> 1
    for index in 0..<count {
      let word = unsafe source.loadUnaligned(
        fromByteOffset: index &* MemoryLayout<Floats.Word>.size, as: Floats.Word.self)
      let magnitude = word & magnitudeMask
      zeros &+= magnitude == 0 ? 1 : 0
      negativeZeros &+= word == magnitudeMask &+ 1 ? 1 : 0
      // Magnitudes compare faster as signed numbers, which baseline vectors can.
      tiny &+=
        Floats.Key(truncatingIfNeeded: magnitude) < Floats.Key(truncatingIfNeeded: Floats.smallestNormal) ? 1 : 0
      let key = Floats.key(word)
      lowestKey = min(lowestKey, key)
      highestKey = max(highestKey, key)
      union |= word
    }
  }

  /// Of F32.
  init(_ found: tare_float_block) {
    zeros = Floats.Word(truncatingIfNeeded: found.zeros)
    negativeZeros = Floats.Word(truncatingIfNeeded: found.negative_zeros)
    tiny = Floats.Word(truncatingIfNeeded: found.tiny)
    lowestKey = Floats.Key(truncatingIfNeeded: found.lowest_key)
    highestKey = Floats.Key(truncatingIfNeeded: found.highest_key)
    union = Floats.Word(truncatingIfNeeded: found.united)
  }

  var allFinite: Bool { highestKey < Floats.infinity && lowestKey > -1 - Floats.infinity }

  /// Leading bits of the mantissa that are 1 in some element, and those before them.
  var mantissaBits: Int {
    let mantissas = union & ((1 << Floats.Word(Floats.mantissaBits)) - 1)
    return mantissas == 0 ? 0 : Floats.mantissaBits - mantissas.trailingZeroBitCount
  }
}

@inline(__always)
private func statistics<Floats: FloatWords>(
  _ bytes: UnsafeRawBufferPointer, _: Floats.Type, _ functions: tare_statistics?
) -> ValueStatistics {
  var result = ValueStatistics()
  let width = MemoryLayout<Floats.Word>.size
  let elements = bytes.count / width
  guard elements > 0, let base = bytes.baseAddress else { return result }
  var moments = Moments()
  var demand = FloatDemand()
  // Keys of the finite values, and of all values.
  var finite = (lowest: Floats.Key.max, highest: Floats.Key.min)
  var all = finite
  unsafe withUnsafeTemporaryAllocation(of: Floats.Value.self, capacity: Moments.blockElements) { scratch in
    var start = 0
    while start < elements {
      let count = min(Moments.blockElements, elements - start)
      let source = unsafe base + start * width
      let found = unsafe functions?.add_floats(source, count)
      let classes = unsafe found.map { BlockClasses<Floats>($0) } ?? BlockClasses<Floats>(source, count)
      all = (min(all.lowest, classes.lowestKey), max(all.highest, classes.highestKey))
      result.zeros += Int(classes.zeros)
      result.negativeZeros += Int(classes.negativeZeros)
      result.subnormals += Int(classes.tiny - classes.zeros)
      unsafe add(source, count, classes, to: &demand)
      if classes.allFinite {
        finite = (min(finite.lowest, classes.lowestKey), max(finite.highest, classes.highestKey))
        if classes.lowestKey == classes.highestKey {
          moments.merge(Moments(count: count, of: Floats.value(Floats.word(ofKey: classes.lowestKey)).widened))
        } else if let found, let functions {
          unsafe moments.merge(Moments(block: source, count, found, functions))
        } else {
          unsafe decode(source, count, into: scratch, Floats.self)
          unsafe moments.merge(block(scratch, count, classes.lowestKey, classes.highestKey, Floats.self))
        }
      } else {
        var kept = (lowest: Floats.Key.max, highest: Floats.Key.min)
        let keptCount = unsafe decodeFinite(source, count, into: scratch, Floats.self, &kept, &result)
        finite = (min(finite.lowest, kept.lowest), max(finite.highest, kept.highest))
        unsafe moments.merge(block(scratch, keptCount, kept.lowest, kept.highest, Floats.self))
      }
      start += count
    }
  }
  result.elementCount = elements
  result.moments = moments
  result.demand = demand
  if finite.lowest <= finite.highest {
    // Adding 0 takes the sign from −0.
    result.extremes = .floating(
      minimum: Floats.value(Floats.word(ofKey: finite.lowest)).widened + 0,
      maximum: Floats.value(Floats.word(ofKey: finite.highest)).widened + 0)
  }
  result.uniformity = all.lowest == all.highest ? .bits(UInt64(Floats.word(ofKey: all.lowest))) : .mixed
  return result
}

/// The moments of `count` finite values with the extreme keys `lowest` and `highest`.
@inline(__always)
private func block<Floats: FloatWords>(
  _ values: UnsafeMutableBufferPointer<Floats.Value>, _ count: Int, _ lowest: Floats.Key, _ highest: Floats.Key,
  _: Floats.Type
) -> Moments {
  guard count > 0 else { return Moments() }
  let (a, b) = (Floats.value(Floats.word(ofKey: lowest)).widened, Floats.value(Floats.word(ofKey: highest)).widened)
  let exponent = Moments.exponent(largestMagnitude: max(a.magnitude, b.magnitude))
  return unsafe Moments(block: UnsafeBufferPointer(rebasing: values[..<count]), exponent: exponent)
}

/// Looks at each element only where none of them needs the precision of the type.
@inline(__always)
private func add<Floats: FloatWords>(
  _ source: UnsafeRawPointer, _ count: Int, _ classes: BlockClasses<Floats>, to demand: inout FloatDemand
) {
  guard !demand.needsOwnType, classes.mantissaBits <= Floats.narrowerMantissaBits else {
    demand = .ownType
    return
  }
  for index in 0..<count {
    let word = unsafe source.loadUnaligned(
      fromByteOffset: index &* MemoryLayout<Floats.Word>.size, as: Floats.Word.self)
    let magnitude = Floats.Key(truncatingIfNeeded: word & (Floats.Word.max >> 1))
    if magnitude < Floats.infinity {
      demand.add(Floats.value(word).widened)
    } else if magnitude == Floats.infinity {
      demand.addInfinity()
    } else {
      demand.addNaN(mantissa: UInt64(word), bits: Floats.mantissaBits)
    }
  }
}

@inline(__always)
private func decode<Floats: FloatWords>(
  _ source: UnsafeRawPointer, _ count: Int, into values: UnsafeMutableBufferPointer<Floats.Value>, _: Floats.Type
) {
  for index in 0..<count {
    unsafe values[index] = Floats.value(
      source.loadUnaligned(fromByteOffset: index &* MemoryLayout<Floats.Word>.size, as: Floats.Word.self))
  }
}

/// Decodes the finite values of a block that holds others too, side by side, and counts the others.
/// - Returns: how many are finite.
private func decodeFinite<Floats: FloatWords>(
  _ source: UnsafeRawPointer, _ count: Int, into values: UnsafeMutableBufferPointer<Floats.Value>, _: Floats.Type,
  _ range: inout (lowest: Floats.Key, highest: Floats.Key), _ result: inout ValueStatistics
) -> Int {
  var kept = 0
  for index in 0..<count {
    let word = unsafe source.loadUnaligned(
      fromByteOffset: index &* MemoryLayout<Floats.Word>.size, as: Floats.Word.self)
    let magnitude = Floats.Key(truncatingIfNeeded: word & (Floats.Word.max >> 1))
    if magnitude < Floats.infinity {
      let key = Floats.key(word)
      range = (min(range.lowest, key), max(range.highest, key))
      unsafe values[kept] = Floats.value(word)
      kept += 1
    } else if magnitude == Floats.infinity {
      result.infinities += 1
    } else {
      result.nans += 1
    }
  }
  return kept
}
