import Kernels

/// Turns codes into words, a group at a time.
struct GridExpansion {
  let layout: GridLayout
  let levels: [Float]
  /// Whether codes are one more than they are, and 0 stands for a zero that the mask left out.
  let isMasked: Bool
  let scales: [Float]
  let offsets: [Float]
  let corrections: [Int8]
  private let products: GridProducts

  init(
    layout: GridLayout, levels: [Float], isMasked: Bool, scales: [Float], offsets: [Float], corrections: [Int8]
  ) {
    self.layout = layout
    self.levels = levels
    self.isMasked = isMasked
    self.scales = scales
    self.offsets = offsets
    self.corrections = corrections
    products = GridProducts(kind: layout.kind, divides: layout.divides)
  }

  @unsafe func expand(
    _ codes: UnsafePointer<UInt8>, range: Range<Int>, groups: GridLayout.Groups, into target: UnsafeMutableRawPointer,
    _ workspace: DecodingWorkspace
  ) {
    let table = unsafe workspace.products.raw(4 * 257).assumingMemoryBound(to: UInt32.self)
    let first = isMasked ? 1 : 0
    unsafe table[0] = 0
    for group in 0..<groups.count {
      var total = 0
      layout.forEachRun(of: group, in: groups, of: range) { total += $0.count }
      if total == 0 { continue }
      let isTabled = total >= levels.count
      if isTabled {
        for level in levels.indices { unsafe table[level + first] = word(level, group) }
      }
      layout.forEachRun(of: group, in: groups, of: range) { run in
        if isTabled {
          unsafe GridProducts.look(
            up: codes + run.lowerBound, count: run.count, table, levels: levels.count + first, layout.kind, target,
            run.lowerBound)
        } else {
          for index in run {
            let code = unsafe Int(codes[index]) - first
            unsafe layout.kind.store(code < 0 ? 0 : word(code, group), target, index)
          }
        }
      }
    }
  }

  /// The word of a level in a group.
  private func word(_ level: Int, _ group: Int) -> UInt32 {
    let isZero = offsets.isEmpty && levels[level] == 0
    let word = products.word(
      levels[level], scale: scales[group], offset: offsets.isEmpty ? nil : offsets[group])
    guard !corrections.isEmpty, !isZero else { return word }
    return word &+ UInt32(bitPattern: Int32(corrections[group * levels.count + level]))
  }
}
