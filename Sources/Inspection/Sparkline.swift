/// A histogram as one line of bars.
enum Sparkline {
  private static let bars: [Character] = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"]

  /// One character for two bins; the highest bar is full, an empty one blank, and what is not empty shows.
  static func text(_ counts: [Int]) -> String {
    let pairs = stride(from: 0, to: counts.count, by: 2).map { counts[$0..<min($0 + 2, counts.count)].reduce(0, +) }
    guard let highest = pairs.max(), highest > 0 else { return "" }
    return String(
      pairs.map { count in
        count == 0 ? " " : bars[min(bars.count - 1, Int(Double(count) / Double(highest) * Double(bars.count)))]
      })
  }
}
