/// A box of a row-major array: its first element, and how many along each dimension.
package struct Box: Hashable, Sendable {
  package var start: [Int]
  package var count: [Int]

  package init(start: [Int], count: [Int]) {
    self.start = start
    self.count = count
  }

  /// The part of the box that lies in another, which they share.
  package func clamped(to other: Box) -> Box {
    let first = zip(start, other.start).map { max($0, $1) }
    let ends = start.indices.map { min(start[$0] + count[$0], other.start[$0] + other.count[$0]) }
    return Box(start: first, count: zip(ends, first).map { $0 - $1 })
  }

  /// Cuts an array into boxes of elements that follow each other, in order, each of at most `most` elements where a dimension
  /// allows it: whole in the last dimensions, a part of one dimension, one element in those before.
  package static func slabs(of extent: [Int], most: Int) -> [Box] {
    let all = extent.reduce(1, *)
    guard all > 0 else { return [] }
    // The dimension that is cut, and elements in one step along it.
    var (axis, step) = (extent.count - 1, 1)
    while axis > 0, step * extent[axis] <= most {
      step *= extent[axis]
      axis -= 1
    }
    let row = axis < 0 ? 1 : step * extent[axis]
    let slab = max(1, most / step) * step
    return stride(from: 0, to: all, by: row).flatMap { start in
      stride(from: start, to: start + row, by: slab).flatMap { covering($0..<min($0 + slab, start + row), of: extent) }
    }
  }

  /// Cuts a run of elements into boxes, in order: 2 · rank − 1 of them at most.
  /// - Parameter range: numbers of elements, inside of `extent`.
  package static func covering(_ range: Range<Int>, of extent: [Int]) -> [Box] {
    guard !range.isEmpty else { return [] }
    var boxes: [Box] = []
    // Elements in one step along each dimension.
    var strides = [Int](repeating: 1, count: extent.count)
    for dimension in extent.indices.dropLast().reversed() {
      strides[dimension] = strides[dimension + 1] * extent[dimension + 1]
    }
    cut(range, along: 0, at: [], extent, strides, into: &boxes)
    return boxes
  }

  private static func cut(
    _ range: Range<Int>, along dimension: Int, at place: [Int], _ extent: [Int], _ strides: [Int],
    into boxes: inout [Box]
  ) {
    guard !range.isEmpty else { return }
    guard dimension < extent.count else {
      boxes.append(Box(start: place, count: place.map { _ in 1 }))
      return
    }
    let stride = strides[dimension]
    let firstWhole = (range.lowerBound + stride - 1) / stride
    let endWhole = range.upperBound / stride
    /// The part of `range` that lies in step `step`, from the start of that.
    func part(_ step: Int) -> Range<Int> {
      (max(range.lowerBound, step * stride) - step * stride)..<(min(range.upperBound, (step + 1) * stride) - step
        * stride)
    }
    if firstWhole > endWhole {
      return cut(part(endWhole), along: dimension + 1, at: place + [endWhole], extent, strides, into: &boxes)
    }
    if firstWhole * stride > range.lowerBound {
      cut(part(firstWhole - 1), along: dimension + 1, at: place + [firstWhole - 1], extent, strides, into: &boxes)
    }
    if firstWhole < endWhole {
      let rest = extent[(dimension + 1)...]
      boxes.append(
        Box(
          start: place + [firstWhole] + rest.map { _ in 0 },
          count: place.map { _ in 1 } + [endWhole - firstWhole] + rest))
    }
    if endWhole * stride < range.upperBound {
      cut(part(endWhole), along: dimension + 1, at: place + [endWhole], extent, strides, into: &boxes)
    }
  }
}
