public import TensorModel

/// How the elements of a float type order by magnitude: their bits without the sign, as an unsigned number.
///
/// Zeros come first, infinities and NaNs behind everything finite.
public struct MagnitudeOrder: Hashable, Sendable {
  public let dtype: DType
  /// The magnitude of the largest finite element.
  public let largestFinite: UInt64
  /// The bits in which every magnitude fits, those of NaNs too.
  public let keyBits: Int
  private let layout: FloatLayout

  /// Nil unless elements are floats of whole bytes that have a sign and a zero.
  public init?(_ dtype: DType) {
    guard case .float(let layout) = dtype.values, dtype.blockElements == 1 else { return nil }
    let signless = UInt64.max >> UInt64(65 - layout.width)
    switch layout.specials {
    case .ieee: largestFinite = signless - (1 << UInt64(layout.mantissaBits))
    case .nanOnly: largestFinite = signless - 1
    case .negativeZeroIsNaN: largestFinite = signless
    case .finite, .scale: return nil
    }
    self.dtype = dtype
    self.layout = layout
    // The NaN of the FNUZ types has no bit but the sign: it is given the magnitude of all ones.
    keyBits = layout.specials == .negativeZeroIsNaN ? layout.width : layout.width - 1
  }

  /// The number whose bits are `magnitude`.
  /// - Precondition: it is at most `largestFinite`.
  public func value(of magnitude: UInt64) -> Double {
    precondition(magnitude <= largestFinite)
    switch ElementDecoding.value(ofBits: magnitude, dtype) {
    case .half(let value): return Double(value)
    case .single(let value): return Double(value)
    case .double(let value): return value
    default: preconditionFailure("\(dtype.name) is no float")
    }
  }

  /// The smallest finite magnitude that is `value` or more; nil where all are less. O(bits).
  public func magnitude(atLeast value: Double) -> UInt64? {
    guard self.value(of: largestFinite) >= value else { return nil }
    var low: UInt64 = 0
    var high = largestFinite
    while low < high {
      let middle = low + (high - low) / 2
      if self.value(of: middle) >= value { high = middle } else { low = middle + 1 }
    }
    return low
  }

  /// The order for words of the element's width.
  @inline(__always)
  func words<W: Word>(_ type: W.Type) -> WordOrder<W> {
    let isFNUZ = layout.specials == .negativeZeroIsNaN
    return WordOrder(mask: W.max >> 1, nan: isFNUZ ? 1 << W(W.bitWidth - 1) : W.max)
  }
}

/// `MagnitudeOrder` for one word.
struct WordOrder<W: Word>: Sendable {
  let mask: W
  /// The pattern that is NaN although its bits but the sign don't say so.
  let nan: W

  @inline(__always)
  func callAsFunction(_ word: W) -> W { word == nan ? W.max : word & mask }
}
