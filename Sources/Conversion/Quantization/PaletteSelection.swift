import Kernels

/// Finds the values of a palette: k-means in one dimension by Lloyd's algorithm ("Least squares quantization in PCM", 1982),
/// as Han et al. share weights ("Deep compression", 2016).
///
/// What is clustered are the bins of a histogram: each value of a 16-bit type by itself, of F32 those that agree in their
/// first 19 bits, as their mean. Zeros are not: where there are any, one value of the palette is 0 and stays so. The values
/// begin with equal shares of Σ √(count × width) over the bins, so that sparse tails have some too, and move to the means of
/// what is nearest to them until nothing changes, 300 times at most. So few bins that each has a value are taken as they are.
struct PaletteSelection {
  private static let mostRounds = 300

  private let means: [Double]
  /// Over the bins before each, and over all.
  private var counts: [Double] = [0]
  private var sums: [Double] = [0]
  private let hasZeros: Bool

  init(_ histogram: NumberHistogram) {
    let bins = histogram.bins
    means = bins.map(\.mean)
    hasZeros = histogram.hasZeros
    for bin in bins {
      counts.append(counts.last! + Double(bin.count))
      sums.append(sums.last! + bin.sum)
    }
  }

  /// At most `size` values, ascending, no two equal.
  func values(_ size: Int, roundedTo type: GridKind) -> [Float] {
    var values = distinct(size)
    if hasZeros && !values.contains(0) { values.append(0) }
    let rounded = Set(values.map { type.value(type.word(Float($0))) + 0 })
    // A tensor of nothing but NaN and infinities keeps these whatever the palette.
    return rounded.isEmpty ? [0] : rounded.sorted()
  }

  private func distinct(_ size: Int) -> [Double] {
    guard means.count > size - (hasZeros ? 1 : 0) else { return means }
    var values = start(size)
    let pinned = hasZeros ? values.indices.min { values[$0].magnitude < values[$1].magnitude } : nil
    if let pinned { values[pinned] = 0 }
    for _ in 0..<Self.mostRounds {
      let before = values
      move(&values, pinned)
      if values == before { break }
    }
    return values
  }

  /// The bins at the middles of equal shares.
  private func start(_ size: Int) -> [Double] {
    var shares = [0.0]
    for bin in means.indices {
      let width = means[min(bin + 1, means.count - 1)] - means[max(bin - 1, 0)]
      shares.append(shares.last! + ((counts[bin + 1] - counts[bin]) * width).squareRoot())
    }
    return (0..<size).map { number in
      let place = (Double(number) + 0.5) / Double(size) * shares.last!
      return means[max(0, min(firstIndex(shares) { $0 > place } - 1, means.count - 1))]
    }
  }

  /// Each value moves to the mean of the bins that are nearest to it, of two the lower value; one that has none stays.
  private func move(_ values: inout [Double], _ pinned: Int?) {
    var first = 0
    let before = values
    for number in values.indices {
      let end =
        number + 1 == before.count
        ? means.count : max(first, firstIndex(means) { $0 > (before[number] + before[number + 1]) / 2 })
      if end > first, number != pinned { values[number] = (sums[end] - sums[first]) / (counts[end] - counts[first]) }
      first = end
    }
  }

  /// The first index of what is ascending at which `isBeyond` holds; the count where it holds nowhere.
  private func firstIndex(_ ascending: [Double], _ isBeyond: (Double) -> Bool) -> Int {
    var (low, high) = (0, ascending.count)
    while low < high {
      let middle = (low + high) / 2
      if isBeyond(ascending[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
