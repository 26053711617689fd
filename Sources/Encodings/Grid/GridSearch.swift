import Glibc
public import Kernels
public import TensorModel

/// Asks whether a tensor's elements lie on a grid, by looking at some of them.
///
/// Cheap to say no: a few hundred elements are read, most of which the first look rejects. What it says yes to is proved
/// by the encoding, element by element.
public struct GridSearch {
  /// Lends `count` elements as numbers, the first at a position of the tensor, each `stride` after the last.
  public typealias Read = (_ start: Int, _ count: Int, _ stride: Int) throws(ModelError) -> [Float]

  private let kind: GridKind
  private let shape: [Int]
  /// The elements that may be looked at.
  private let window: Range<Int>
  private let read: Read

  /// Elements that are worth a look.
  public static let fewestElements = 512

  public init(kind: GridKind, shape: [Int], window: Range<Int>, read: @escaping Read) {
    self.kind = kind
    self.shape = shape
    self.window = window
    self.read = read
  }

  /// The grids on which the elements may lie, the likeliest first: which is best a chunk will show.
  public func find() throws(ModelError) -> [GridPlan] {
    guard window.count >= Self.fewestElements else { return [] }
    let (plans, isCertain) = try alongRows()
    if isCertain { return plans }
    if plans.isEmpty, let plan = try alongColumns() { return [plan] }
    let learned = try GridBookSearch(kind: kind, row: rowOfMatrix, window: window, read: read).find()
    return plans + (learned.map { [$0] } ?? [])
  }

  /// Elements of a row where a tensor of more than two dimensions is taken as outputs × all the rest.
  private var rowOfMatrix: Int {
    shape.count < 2 ? max(1, shape.reduce(1, *)) : max(1, shape.dropFirst().reduce(1, *))
  }

  // MARK: groups along rows

  private func alongRows() throws(ModelError) -> (plans: [GridPlan], isCertain: Bool) {
    let row = rowOfMatrix
    let few = try positions(12).map { (start) throws(ModelError) in try run(from: start, row: row) }
    let hypotheses = GridHypothesis.all(of: kind, fitting: few)
    guard !hypotheses.isEmpty else { return ([], false) }
    // Worth a closer look.
    let starts = positions(40)
    let runs = try starts.map { (start) throws(ModelError) in try run(from: start, row: row) }
    // The simplest book comes first. Fine codes fit by chance where groups are short or have few distinct numbers, so
    // others are asked after them.
    var plans: [GridPlan] = []
    for hypothesis in hypotheses {
      let columns = try columns(hypothesis, starts, runs, row: row)
      let bits = hypothesis.bits + (hypothesis.hasOffsets ? 22 : 11) / Double(columns)
      guard bits < Self.mostBits * Double(8 * kind.width) else { continue }
      var layout = hypothesis.layout(kind: kind, row: row, groupRows: 1, groupColumns: columns >= row ? 0 : columns)
      layout.groupRows = try rows(hypothesis, starts, columns: min(columns, row), row: row)
      plans.append(GridPlan(layout: layout, book: try wholeBook(hypothesis, starts, columns, row: row)))
      if columns >= 32 || columns >= row, !hypothesis.hasOffsets, hypothesis.bits <= 5.1 { return (plans, true) }
    }
    return (plans, false)
  }

  /// The book with that integer in front which is the largest in most groups, and behind all others those that were not
  /// seen: what is rare was not looked at.
  private func wholeBook(
    _ hypothesis: GridHypothesis, _ starts: [Int], _ columns: Int, row: Int
  ) throws(ModelError) -> GridFitter.Book {
    let whole = hypothesis.wholeBook
    guard columns <= 144, case .integers(let order) = whole else { return whole }
    let groups = try starts.map { (start) throws(ModelError) in try spread(start, over: columns, row: row) }
    let largest = hypothesis.largestCodes(groups)
    let counts = Dictionary(grouping: largest, by: \.self).mapValues(\.count)
    guard let most = counts.max(by: { ($0.value, $1.key) < ($1.value, $0.key) }), 2 * most.value > starts.count else {
      return whole
    }
    return .integers(largest: [most.key] + order.filter { $0 != most.key })
  }

  /// A grid that may take a larger part of an element than that is none.
  private static let mostBits = 0.75

  /// The columns that share a scale.
  private func columns(
    _ hypothesis: GridHypothesis, _ starts: [Int], _ runs: [[Float]], row: Int
  ) throws(ModelError) -> Int {
    var columns = 16
    var units = hypothesis.units(of: runs)
    for size in sizes(in: row) where size > 16 {
      let wider = try starts.map { (start) throws(ModelError) in try spread(start, over: size, row: row) }
      // Groups whose scales differ by chance of a simple factor fit together on a finer grid, which has dearer codes.
      guard let finer = hypothesis.unitsOfMost(wider) else { break }
      let loss = Self.bitsLost(from: units, to: finer)
      let scaleBits = Self.scaleBits(units)
      guard loss <= scaleBits / Double(columns) - scaleBits / Double(size) + 0.03 else { break }
      columns = size
      units = finer
    }
    return columns
  }

  /// About what scales cost: their exponents, and the bits of their significands.
  private static func scaleBits(_ units: [Float?]) -> Double {
    let bits = units.compactMap { $0 }.map { 23 - min(23, $0.significandBitPattern.trailingZeroBitCount) }.sorted()
    return bits.isEmpty ? 11 : 3 + Double(bits[bits.count / 2])
  }

  /// By how much codes of smaller units are longer, in the mean over those places where both are known.
  private static func bitsLost(from units: [Float?], to finer: [Float?]) -> Double {
    let pairs = zip(units, finer).compactMap { before, after in before.flatMap { a in after.map { (a, $0) } } }
    guard !pairs.isEmpty else { return 0 }
    return pairs.reduce(0) { $0 + Double(log2(max($1.0 / $1.1, 1))) } / Double(pairs.count)
  }

  /// Some 16 numbers or more, of which six are not zero if 256 have as many.
  private func run(from start: Int, row: Int) throws(ModelError) -> [Float] {
    let end = min(window.upperBound, start - start % row + row)
    let numbers = try read(start, min(256, end - start), 1)
    var length = 16
    while length < numbers.count, numbers.prefix(length).count(where: { $0 != 0 }) < 6 { length *= 2 }
    return Array(numbers.prefix(length))
  }

  /// Sizes of groups along a row, ascending: the usual powers of two, and what follows from the shape.
  private func sizes(in row: Int) -> [Int] {
    var sizes: Set<Int> = [16, 32, 64, 128, 256, 512, 1024]
    var product = 1
    for dimension in shape.reversed() {
      product *= max(dimension, 1)
      sizes.insert(product)
    }
    return sizes.filter { $0 <= row && $0 > 1 }.sorted()
  }

  /// Numbers from the beginning, the middle and the end of the group of `size` elements of a row around `start`.
  private func spread(_ start: Int, over size: Int, row: Int) throws(ModelError) -> [Float] {
    let rowStart = start - start % row
    let first = rowStart + (start - rowStart) / size * size
    let end = min(first + size, rowStart + row)
    var numbers: [Float] = []
    for place in [first, (first + end) / 2, max(first, end - 48)] {
      let from = max(place, window.lowerBound)
      let count = min(48, min(end, window.upperBound) - from)
      if count > 0 { numbers += try read(from, count, 1) }
    }
    return numbers
  }

  /// The rows that share their scales: 0 for all, else a power of two.
  private func rows(
    _ hypothesis: GridHypothesis, _ starts: [Int], columns: Int, row: Int
  ) throws(ModelError) -> Int {
    let all = (window.upperBound - 1) / row - window.lowerBound / row + 1
    guard all > 1 else { return columns >= row ? 0 : 1 }
    let single = try starts.map { (start) throws(ModelError) in try stack(start, [0], of: 1, row: row) }
    let units = hypothesis.units(of: single)
    func shares(_ size: Int, _ places: [Int]) throws(ModelError) -> Bool {
      let stacks = try starts.map { (start) throws(ModelError) in try stack(start, places, of: size, row: row) }
      guard let finer = hypothesis.unitsOfMost(stacks) else { return false }
      return Self.bitsLost(from: units, to: finer) < 0.25
    }
    if try shares(all, [0, all / 3, all / 2, all - 1]) { return 0 }
    var found = 1
    var size = 2
    while size < all, size <= 256, try shares(size, [0, size / 2, size - 1]) {
      found = size
      size *= 2
    }
    return found
  }

  /// A few numbers at the columns of `start`, of some rows of its block of `size`.
  private func stack(_ start: Int, _ rows: [Int], of size: Int, row: Int) throws(ModelError) -> [Float] {
    let column = start % row / 16 * 16
    let count = min(16, row - column)
    let first =
      size >= (window.upperBound - 1) / row - window.lowerBound / row + 1
      ? window.lowerBound / row : start / row / size * size
    var numbers: [Float] = []
    for number in rows {
      let place = (first + number) * row + column
      if place >= window.lowerBound, place + count <= window.upperBound { numbers += try read(place, count, 1) }
    }
    return numbers
  }

  // MARK: groups along columns

  private func alongColumns() throws(ModelError) -> GridPlan? {
    guard shape.count >= 2, let row = shape.last, row > 1 else { return nil }
    let firstRow = (window.lowerBound + row - 1) / row
    let rows = window.upperBound / row - firstRow
    guard rows >= 16 else { return nil }
    var starts: [(row: Int, column: Int)] = []
    for place in 0..<8 {
      starts.append((firstRow + (rows - 16) * place / 7 / 16 * 16, (row - 1) * (place * 5 % 8) / 7))
    }
    var runs: [[Float]] = []
    for start in starts {
      runs.append(try read(start.row * row + start.column, min(16, firstRow + rows - start.row), row))
    }
    let all = GridHypothesis.all(of: kind, fitting: runs)
    guard let hypothesis = all.first(where: { $0.bits < Self.mostBits * Double(8 * kind.width) }) else { return nil }
    var layout = hypothesis.layout(kind: kind, row: row, groupRows: 16, groupColumns: 1)
    var size = 32
    while size <= rows, size <= 1024 {
      guard
        try holds(hypothesis, starts, { (start) throws(ModelError) in try column(start, size, rows, firstRow, row) })
      else { break }
      layout.groupRows = size
      size *= 2
    }
    if try holds(hypothesis, starts, { (start) throws(ModelError) in try column(start, rows, rows, firstRow, row) }) {
      layout.groupRows = 0
    }
    return GridPlan(layout: layout, book: hypothesis.wholeBook)
  }

  /// 32 numbers of one column, spread over the block of `size` rows around `start`.
  private func column(
    _ start: (row: Int, column: Int), _ size: Int, _ rows: Int, _ firstRow: Int, _ row: Int
  ) throws(ModelError) -> [Float] {
    let first = size >= rows ? firstRow : max(firstRow, start.row / size * size)
    let count = min(size, firstRow + rows - first)
    let step = max(1, count / 32)
    return try read(first * row + start.column, count / step, step * row)
  }

  // MARK: both

  /// Up to so many positions spread over the window, aligned to 256 where the window is.
  private func positions(_ places: Int) -> [Int] {
    let alignment = 256
    let last = max(window.lowerBound, window.upperBound - alignment)
    var found: [Int] = []
    for place in 0..<places {
      let position = window.lowerBound + (last - window.lowerBound) / (places - 1) * place
      let aligned = max(position / alignment * alignment, window.lowerBound)
      if found.last != aligned { found.append(aligned) }
    }
    return found
  }

  /// Whether most of the runs that `run` reads at `starts` fit.
  private func holds<Start>(
    _ hypothesis: GridHypothesis, _ starts: [Start], _ run: (Start) throws(ModelError) -> [Float]
  ) throws(ModelError) -> Bool {
    let runs = try starts.map { (start) throws(ModelError) in try run(start) }
    return hypothesis.unitsOfMost(runs) != nil
  }
}

/// A book with which runs of numbers may be products.
struct GridHypothesis {
  let book: GridFitter.Book
  let divides: Bool
  private let fitter: GridFitter

  private init(_ kind: GridKind, _ book: GridFitter.Book, divides: Bool) {
    self.book = book
    self.divides = divides
    fitter = GridFitter(kind: kind, book: book, divides: divides)
  }

  /// The known books that most of the runs fit.
  static func all(of kind: GridKind, fitting runs: [[Float]]) -> [GridHypothesis] {
    let telling = runs.filter { run in run.count(where: { $0 != 0 }) >= 6 && run.allSatisfy(\.isFinite) }
    guard telling.count >= 2, telling.count * 4 >= runs.count else { return [] }
    var all = [GridHypothesis(kind, .integers(largest: integers), divides: false)]
    if kind == .f32 { all.append(GridHypothesis(kind, .integers(largest: integers), divides: true)) }
    all += [.normalFloat4, .float8E4M3].map { GridHypothesis(kind, .listed($0), divides: false) }
    // With the steps of bf16, finer grids above an offset are everywhere.
    all.append(GridHypothesis(kind, .offset(largest: multiplesAboveOffset(kind)), divides: false))
    return all.filter { $0.fitsMost(of: telling) }.map { $0.narrowed(to: telling) }
  }

  func layout(kind: GridKind, row: Int, groupRows: Int, groupColumns: Int) -> GridLayout {
    var layout = GridLayout(kind: kind, row: row, groupRows: groupRows, groupColumns: groupColumns)
    layout.divides = divides
    layout.hasOffsets = hasOffsets
    return layout
  }

  /// About the bits of a code.
  var bits: Double {
    switch book {
    case .integers(let tries): log2(Double(tries.max() ?? 1) + 1)
    case .offset(let tries): log2(Double(tries.max() ?? 1) / 2 + 1)
    case .listed(let levels): log2(Double(levels.count))
    }
  }

  var hasOffsets: Bool { if case .offset = book { true } else { false } }

  /// The units of all runs, where three in four of those that say anything fit.
  func unitsOfMost(_ runs: [[Float]]) -> [Float?]? {
    let units = units(of: runs)
    let telling = runs.indices.filter { runs[$0].count(where: { $0 != 0 }) >= 4 }
    let fitting = telling.count { units[$0] != nil }
    return !telling.isEmpty && 4 * fitting >= 3 * telling.count ? units : nil
  }

  /// Whether most of `runs` fit, and not by chance. Where none of the first does, the others are not looked at.
  private func fitsMost(of runs: [[Float]]) -> Bool {
    var fitting = 0
    for (number, run) in runs.enumerated() {
      if let unit = units(of: [run])[0], tells(run, unit) { fitting += 1 }
      if number == 3, fitting == 0 { return false }
    }
    return Double(fitting) >= 0.6 * Double(runs.count)
  }

  /// Whether it says something that the run fits.
  private func tells(_ run: [Float], _ unit: Float) -> Bool {
    let kind = fitter.kind
    let others = run.filter { $0 != 0 }
    // Few numbers fit fine codes by chance.
    guard others.count >= 12 || largestCode(run, unit) <= (kind == .bf16 ? 16 : 64) else { return false }
    // Every float is a multiple of the distance to its neighbour.
    let least = others.map(\.magnitude).min() ?? 0
    return hasOffsets || unit > 1.5 * least.binade * Float(sign: .plus, exponent: -kind.fractionBits, significand: 1)
  }

  /// The largest code of each run that fits.
  func largestCodes(_ runs: [[Float]]) -> [Int] {
    zip(runs, units(of: runs)).compactMap { run, unit in unit.map { largestCode(run, $0) } }
  }

  private func largestCode(_ run: [Float], _ unit: Float) -> Int {
    let (low, high) = (run.min() ?? 0, run.max() ?? 0)
    return Int(((hasOffsets ? high - low : max(high, -low)) / unit).rounded())
  }

  /// Of each run, the distance of numbers whose codes differ by one; nil where it does not fit or is zeros.
  func units(of runs: [[Float]]) -> [Float?] {
    runs.map { run in
      unsafe withUnsafeTemporaryAllocation(of: Int16.self, capacity: run.count) { room in
        unsafe run.withUnsafeBufferPointer { numbers in
          guard let start = numbers.baseAddress, let codes = room.baseAddress else { return nil }
          let unit =
            hasOffsets
            ? unsafe fitter.scaleAndOffset(start, count: numbers.count, into: codes, isExact: false)?.scale
            : unsafe fitter.scale(start, count: numbers.count, misfits: 0, into: codes).map {
              divides ? 1 / $0.scale : $0.scale
            }
          return unit.flatMap { $0 > 0 && $0.isFinite ? $0 : nil }
        }
      }
    }
  }

  private static let integers = Array(1...255)
  private static func multiplesAboveOffset(_ kind: GridKind) -> [Int] { Array(1...(kind == .bf16 ? 31 : 255)) }

  /// The book with all that the kind allows, the likely ones first.
  var wholeBook: GridFitter.Book {
    switch book {
    case .listed: book
    case .integers(let likely): .integers(largest: likely + Self.integers.filter { !likely.contains($0) })
    case .offset(let likely):
      .offset(largest: likely + Self.multiplesAboveOffset(fitter.kind).filter { !likely.contains($0) })
    }
  }

  /// Integers tried from the likeliest on, and none that is far beyond those that occur.
  private func narrowed(to runs: [[Float]]) -> GridHypothesis {
    switch book {
    case .listed: return self
    case .integers(let all), .offset(let all):
      let most = 2 * (largestCodes(runs).max() ?? 1)
      let ceiling = [2, 4, 8, 16, 32, 64, 128].first { $0 >= most } ?? 255
      let likely = (hasOffsets ? [15, 7, 3] : [7, 8, 1]).filter { $0 <= ceiling }
      let order = likely + all.filter { $0 <= ceiling && !likely.contains($0) }
      return GridHypothesis(
        fitter.kind, hasOffsets ? .offset(largest: order) : .integers(largest: order), divides: divides)
    }
  }
}

extension [Float] {
  /// NormalFloat4, the quantiles of a normal distribution (Dettmers et al., QLoRA, 2023, appendix E).
  public static let normalFloat4: [Float] = [
    -1, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635, -0.18477343022823334,
    -0.09105003625154495, 0, 0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1,
  ]

  /// All finite values of FP8 E4M3 (OCP 8-bit floating point, 2023).
  public static let float8E4M3: [Float] = Set(
    (0..<127).flatMap { bits in
      let value = FloatLayout.e4m3.single(ofBits: UInt64(bits))
      return [value, -value]
    }
  ).sorted()
}
