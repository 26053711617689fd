import Kernels

/// A chunk's elements as products: the scale of each group, and for each element the number of its level, in
/// `workspace.multiples`.
struct GridChunk {
  private(set) var layout: GridLayout
  private(set) var scales: [Float] = []
  private(set) var offsets: [Float] = []
  /// A byte for each group and level; empty where no product needs one.
  private(set) var corrections: [Int8] = []
  /// Groups without a scale.
  private(set) var failures = 0
  private static let fewFailures = 16
  /// Whether so many groups have no scale that the others were not looked at.
  var isHopeless: Bool { scales.count < groupCount }
  private let groupCount: Int
  /// Whether some element may be no product.
  private(set) var hasExceptions = false

  /// Off the grid by so few numbers in a group, it is still worth its scale.
  private static func misfits(_ count: Int) -> Int { count / 64 }

  @unsafe init(_ elements: Elements, at first: Int, grid: GridPlan, _ workspace: EncodingWorkspace) {
    layout = grid.layout
    let count = unsafe elements.count
    let kind = layout.kind
    var numbers = unsafe UnsafePointer(workspace.numbers.raw(4 * count).assumingMemoryBound(to: Float.self))
    if kind == .f32 {
      unsafe numbers = elements.start.assumingMemoryBound(to: Float.self)
    } else {
      unsafe kind.widen(elements.start, count: count, into: UnsafeMutablePointer(mutating: numbers))
    }
    let range = first..<(first + count)
    let groups = layout.groups(of: range)
    groupCount = groups.count
    let fitter = GridFitter(kind: kind, book: grid.book, divides: layout.divides, corrects: layout.corrects)
    let products = GridProducts(kind: kind, divides: layout.divides)
    let codes = unsafe workspace.multiples.raw(2 * count).assumingMemoryBound(to: Int16.self)
    let table = unsafe workspace.products.raw(4 * 1024).assumingMemoryBound(to: Float.self)
    scales.reserveCapacity(groups.count)
    for group in 0..<groups.count {
      if failures > Self.fewFailures, 4 * failures > group { return }
      var runs = 0
      var only = 0..<0
      var total = 0
      layout.forEachRun(of: group, in: groups, of: range) { run in
        runs += 1
        only = run
        total += run.count
      }
      if runs <= 1 {
        unsafe encode(
          numbers + only.lowerBound, total, grid.book, fitter, products, table, into: codes + only.lowerBound)
        continue
      }
      // Gathered, encoded, and put where they came from.
      let gathered = unsafe workspace.gathered.raw(6 * total).assumingMemoryBound(to: Float.self)
      var next = 0
      layout.forEachRun(of: group, in: groups, of: range) { run in
        unsafe (gathered + next).update(from: numbers + run.lowerBound, count: run.count)
        next += run.count
      }
      let found = unsafe UnsafeMutableRawPointer(gathered + total).assumingMemoryBound(to: Int16.self)
      unsafe encode(gathered, total, grid.book, fitter, products, table, into: found)
      next = 0
      layout.forEachRun(of: group, in: groups, of: range) { run in
        unsafe (codes + run.lowerBound).update(from: found + next, count: run.count)
        next += run.count
      }
    }
    if !corrections.contains(where: { $0 != 0 }) { corrections = [] }
    layout.corrects = !corrections.isEmpty
  }

  /// The codes of one group, and its scale.
  @unsafe private mutating func encode(
    _ numbers: UnsafePointer<Float>, _ count: Int, _ book: GridFitter.Book, _ fitter: GridFitter,
    _ products: GridProducts, _ table: UnsafeMutablePointer<Float>, into codes: UnsafeMutablePointer<Int16>
  ) {
    if case .offset = book { return unsafe encodeAbove(numbers, count, fitter, into: codes) }
    let fit = unsafe fitter.scale(numbers, count: count, misfits: Self.misfits(count), into: codes)
    let scale = fit?.scale
    hasExceptions = hasExceptions || fit?.exceptions != 0
    if fit == nil, count > 0 { failures += 1 }
    // A group without a scale of its own repeats the one before, which costs least.
    scales.append(scale.flatMap { $0 > 0 ? $0 : nil } ?? scales.last ?? 1)
    switch (book, scale) {
    case (.listed(let levels), let scale?) where layout.corrects:
      unsafe correct(numbers, count, scale, levels, products, table, codes)
    case (.listed(let levels), nil):
      unsafe codes.update(repeating: GridProducts.exception, count: count)
      if layout.corrects { corrections += repeatElement(0, count: levels.count) }
    case (_, nil):
      // Zeros are multiples of whatever scale.
      for index in 0..<count { unsafe codes[index] = numbers[index] == 0 ? 0 : GridProducts.exception }
    case (_, _?): break
    }
  }

  /// Learns from the first number of each level how its product is corrected; what differs is an exception.
  @unsafe private mutating func correct(
    _ numbers: UnsafePointer<Float>, _ count: Int, _ scale: Float, _ levels: [Float], _ products: GridProducts,
    _ table: UnsafeMutablePointer<Float>, _ codes: UnsafeMutablePointer<Int16>
  ) {
    let kind = layout.kind
    var corrected = [Int8](repeating: 0, count: levels.count)
    for place in levels.indices { unsafe table[place] = .nan }
    for index in 0..<count {
      let number = unsafe numbers[index]
      let place = unsafe Int(codes[index])
      if unsafe table[place] == number { continue }
      if unsafe table[place].isNaN, number.isFinite {
        let word = products.word(levels[place], scale: scale)
        let isZero = levels[place] == 0
        if !isZero, let correction = Int8(exactly: Int(kind.word(number)) - Int(word)) {
          corrected[place] = correction
          unsafe table[place] = number
          continue
        }
        unsafe table[place] = kind.value(word)
        if isZero, number == 0 { continue }
      }
      unsafe codes[index] = GridProducts.exception
      hasExceptions = true
    }
    corrections += corrected
  }

  @unsafe private mutating func encodeAbove(
    _ numbers: UnsafePointer<Float>, _ count: Int, _ fitter: GridFitter, into codes: UnsafeMutablePointer<Int16>
  ) {
    guard count > 0, let found = unsafe fitter.scaleAndOffset(numbers, count: count, into: codes) else {
      scales.append(scales.last ?? 1)
      offsets.append(offsets.last ?? 0)
      hasExceptions = true
      failures += count > 0 ? 1 : 0
      return unsafe codes.update(repeating: GridProducts.exception, count: count)
    }
    scales.append(found.scale)
    offsets.append(found.offset)
  }
}
