import Kernels
import TensorModel

/// Puts together what the chunks of one tensor tell of its values. Memory: at most 8 MiB, and that only where the tensor
/// has several chunks.
struct ValueTally {
  private let dtype: DType
  private var statistics: ValueStatistics?
  private var patterns = PatternTally()
  private(set) var words: WordSketch?
  private var bytes: [[Int]] = []
  private var elements = 0
  private var countedElements = 0

  /// - Precondition: `dtype` is not opaque.
  init(_ dtype: DType) {
    self.dtype = dtype
    if !dtype.isCounted {
      statistics = ValueStatistics(of: RawSpan(), dtype: dtype)
      words = WordSketch()
    }
  }

  mutating func append(_ found: ChunkValues) {
    elements += found.elementCount
    if let theirs = found.statistics { statistics?.merge(theirs) }
    patterns.add(found.patterns)
    if let theirs = found.words { words?.merge(theirs) }
    countedElements += found.countedElements
    guard !found.bytes.isEmpty else { return }
    bytes = bytes.isEmpty ? found.bytes : zip(bytes, found.bytes).map { zip($0, $1).map(+) }
  }

  /// What all chunks together tell.
  func result(wantsHistogram: Bool) -> (statistics: ValueStatistics, profile: ValueProfile) {
    let patterns = patterns.sorted
    let statistics = statistics ?? PatternHistogram(patterns, dtype: dtype).statistics
    return (statistics, profile(statistics, patterns, wantsHistogram))
  }

  private func profile(
    _ statistics: ValueStatistics, _ patterns: [PatternCount], _ wantsHistogram: Bool
  ) -> ValueProfile {
    let spread = spread(statistics, patterns, wantsHistogram)
    let wholeWords = dtype.isCounted ? Entropy.bits(patterns.map(\.count)) : words?.exactCounts.map { Entropy.bits($0) }
    return ValueProfile(
      distinct: words?.distinct ?? patterns.count,
      distinctError: words?.isExact ?? true ? 0 : WordSketch.relativeError,
      entropyBits: wholeWords ?? (dtype.isFloat ? Entropy.bits(patterns.map(\.count)) : 0) + lowEntropy,
      fields: fields(patterns), quantiles: spread?.quantiles, quantileError: ValuePrefix.relativeError(of: dtype),
      outliers: spread?.outliers, exactIn: elements > 0 ? statistics.demand?.narrowest(in: dtype) : nil,
      histogram: spread?.histogram, sampledElements: countedElements < elements ? countedElements : nil)
  }

  private func spread(
    _ statistics: ValueStatistics, _ patterns: [PatternCount], _ wantsHistogram: Bool
  ) -> (quantiles: [Double], outliers: Int, histogram: ValueHistogram?)? {
    guard let (minimum, maximum) = statistics.extremes?.asDoubles, let moments = statistics.moments,
      let deviation = moments.standardDeviation
    else { return nil }
    let distribution = ValueDistribution(patterns, dtype: dtype)
    guard distribution.total > 0 else { return nil }
    // The middle of a bucket may lie beyond the last value in it.
    let quantiles = distribution.quantiles(ValueProfile.quantileShares).map { min(max($0, minimum), maximum) }
    let found = distribution.count(beyond: ValueProfile.outlierDeviations, of: deviation, from: moments.mean)
    // As many in all elements as in those that were counted.
    let share = Double(found) / Double(distribution.total)
    let outliers = distribution.total == moments.count ? found : Int((share * Double(moments.count)).rounded())
    guard wantsHistogram else { return (quantiles, outliers, nil) }
    let counts = distribution.histogram(bins: ValueHistogram.bins, from: minimum, to: maximum)
    return (quantiles, outliers, ValueHistogram(minimum: minimum, maximum: maximum, counts: counts))
  }

  /// Of all bytes that the patterns do not hold, each for itself.
  private var lowEntropy: Double { bytes.reduce(0) { $0 + Entropy.bits($1) } }

  private func fields(_ patterns: [PatternCount]) -> FieldEntropies? {
    guard case .float(let layout) = dtype.values else { return nil }
    let shown = dtype.elementBits - (dtype.isCounted ? 0 : dtype.bitsBelowPrefix)
    let mantissa = shown - (layout.width - layout.mantissaBits)
    return FieldEntropies(
      sign: Entropy.bits(of: mantissa + layout.exponentBits..<shown, in: patterns),
      exponent: Entropy.bits(of: mantissa..<mantissa + layout.exponentBits, in: patterns),
      mantissa: Entropy.bits(of: 0..<mantissa, in: patterns) + lowEntropy)
  }
}
