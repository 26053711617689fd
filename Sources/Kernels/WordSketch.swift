/// How many distinct words a tensor has, with the count of each where they are few.
///
/// A bottom-k sketch: it keeps the words whose hashes are smallest. How densely these lie tells how many words there are,
/// to 1 / √k; up to k words everything is exact (Bar-Yossef et al., "Counting Distinct Elements in a Data Stream", 2002).
/// The hash is a permutation, so no two words share one. Sketches merge, and the result depends on the words alone, not
/// on how they are cut or in which order they come.
package struct WordSketch: Hashable, Sendable {
  /// A word's hash, and how often the word occurs.
  package struct Entry: Hashable, Sendable {
    package var hash: UInt64
    package var count: Int
  }

  /// Distinct words up to which everything is exact: k.
  package static let capacity = 1024

  /// Hashes rise.
  private var entries: [Entry] = []
  /// Hashes from here on are not kept; nil where all are.
  package private(set) var limit: UInt64?

  package init() {}

  /// - Parameter entries: all words whose hashes are below `limit`, hashes rising.
  init(_ entries: [Entry], limit: UInt64?) {
    self.entries = entries
    self.limit = limit
    prune()
  }

  package mutating func multiply(by factor: Int) {
    for index in entries.indices { entries[index].count *= factor }
  }

  package mutating func merge(_ other: WordSketch) {
    if let theirs = other.limit { limit = min(limit ?? theirs, theirs) }
    var merged: [Entry] = []
    merged.reserveCapacity(entries.count + other.entries.count)
    var theirs = other.entries[...]
    for entry in entries {
      while let next = theirs.first, next.hash < entry.hash { merged.append(theirs.removeFirst()) }
      let repeats = theirs.first?.hash == entry.hash ? theirs.removeFirst().count : 0
      merged.append(Entry(hash: entry.hash, count: entry.count + repeats))
    }
    merged.append(contentsOf: theirs)
    if let limit { merged.removeAll { $0.hash >= limit } }
    entries = merged
    prune()
  }

  private mutating func prune() {
    guard entries.count > Self.capacity else { return }
    limit = entries[Self.capacity].hash
    entries.removeSubrange(Self.capacity...)
  }

  package var isExact: Bool { limit == nil }

  /// The number of distinct words: exact, or with the relative standard error 1 / √k.
  package var distinct: Int {
    guard let limit else { return entries.count }
    return Int((Double(entries.count) / (Double(limit) * 0x1p-64)).rounded())
  }

  package static var relativeError: Double { 1 / Double(capacity).squareRoot() }

  /// How often each word occurs; nil where there are too many.
  package var exactCounts: [Int]? { isExact ? entries.map(\.count) : nil }
}
