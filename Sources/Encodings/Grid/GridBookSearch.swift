import Kernels
import TensorModel

/// Asks whether a tensor's groups have few distinct elements each, in the same proportions: a code book that is learned.
struct GridBookSearch {
  let kind: GridKind
  let row: Int
  let window: Range<Int>
  let read: GridSearch.Read

  private static let mostLevels = 16
  private static let groups = 48

  func find() throws(ModelError) -> GridPlan? {
    guard let size = try groupSize() else { return nil }
    var books: [[Float]] = []
    for place in 0..<Self.groups {
      let position = window.lowerBound + (window.count - size) / Self.groups * place
      let start = groupStart(position, size)
      guard start >= window.lowerBound, start + size <= window.upperBound else { continue }
      let distinct = Set(try read(start, size, 1)).sorted()
      guard let largest = distinct.max(by: { $0.magnitude < $1.magnitude }), largest != 0 else { continue }
      books.append(distinct.map { $0 / largest.magnitude })
    }
    guard let levels = Self.common(books) else { return nil }
    var layout = GridLayout(kind: kind, row: row, groupRows: 1, groupColumns: size >= row ? 0 : size)
    layout.corrects = true
    return GridPlan(layout: layout, book: .listed(levels))
  }

  /// The size of groups with few distinct elements; nil where the first look finds more.
  private func groupSize() throws(ModelError) -> Int? {
    let starts = (0..<6).map { window.lowerBound + (window.count - 64) / 6 * $0 }
    var kinds: [Int] = []
    for start in starts { kinds.append(try distinct(start, 32)) }
    guard kinds.allSatisfy({ $0 <= Self.mostLevels }) else { return nil }
    var size = 32
    var fewest = kinds.max()!
    for next in [64, 128, 256, 512, 1024, 2048, row].filter({ $0 <= row && $0 <= 65536 }).sorted() where next > size {
      var more: [Int] = []
      for start in starts { more.append(try distinct(start, next)) }
      guard let most = more.max(), most <= Self.mostLevels,
        most <= fewest + fewest / 4 || size < 128 && most <= fewest + 4
      else { break }
      size = next
      fewest = max(most, fewest)
    }
    return size >= 32 ? size : nil
  }

  private func distinct(_ position: Int, _ size: Int) throws(ModelError) -> Int {
    let start = max(groupStart(position, size), window.lowerBound)
    let numbers = try read(start, min(size, window.upperBound - start), 1)
    guard numbers.contains(where: { $0 != 0 }), numbers.allSatisfy(\.isFinite) else { return 1 }
    return Set(numbers).count
  }

  private func groupStart(_ position: Int, _ size: Int) -> Int {
    let rowStart = position - position % row
    return rowStart + (position - rowStart) / size * size
  }

  /// The mean of those books that have the commonest number of levels and are near each other; nil where few are.
  private static func common(_ books: [[Float]]) -> [Float]? {
    let sizes = Dictionary(grouping: books, by: \.count)
    guard let size = sizes.keys.max(by: { (sizes[$0]!.count, $0) < (sizes[$1]!.count, $1) }), size > 1 else {
      return nil
    }
    let alike = sizes[size]!
    guard alike.count * 2 > books.count else { return nil }
    let levels = (0..<size).map { place in
      let values = alike.map { $0[place] }.sorted()
      return values[values.count / 2]
    }
    let near = alike.filter { book in
      zip(book, levels).allSatisfy { ($0 - $1).magnitude <= 0.02 * max($1.magnitude, 0.02) }
    }
    guard near.count * 4 >= alike.count * 3 else { return nil }
    let means = (0..<size).map { place in near.reduce(0) { $0 + Double($1[place]) } / Double(near.count) }
    guard zip(means, means.dropFirst()).allSatisfy({ Float($0) < Float($1) }) else { return nil }
    return means.map { Float($0) }
  }
}
