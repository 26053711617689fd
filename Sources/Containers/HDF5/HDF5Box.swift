/// A box of elements: its first, and how many along each dimension.
struct HDF5Box: Equatable {
  var start: [Int]
  var count: [Int]

  /// Cuts a run of row-major elements into boxes, in order: 2 · rank − 1 of them at most.
  /// - Parameter range: numbers of elements, inside of `extent`.
  static func covering(_ range: Range<Int>, of extent: [Int]) -> [HDF5Box] {
    guard !range.isEmpty else { return [] }
    var boxes: [HDF5Box] = []
    // Elements in one step along each dimension.
    var strides = [Int](repeating: 1, count: extent.count)
    for dimension in extent.indices.dropLast().reversed() {
      strides[dimension] = strides[dimension + 1] * extent[dimension + 1]
    }
    cut(range, along: 0, at: [], extent, strides, into: &boxes)
    return boxes
  }

  /// The part of the box that lies in another, which they share.
  func clamped(to other: HDF5Box) -> HDF5Box {
    let first = zip(start, other.start).map { max($0, $1) }
    let ends = start.indices.map { min(start[$0] + count[$0], other.start[$0] + other.count[$0]) }
    return HDF5Box(start: first, count: zip(ends, first).map { $0 - $1 })
  }

  private static func cut(
    _ range: Range<Int>, along dimension: Int, at place: [Int], _ extent: [Int], _ strides: [Int],
    into boxes: inout [HDF5Box]
  ) {
    guard !range.isEmpty else { return }
    guard dimension < extent.count else {
      boxes.append(HDF5Box(start: place, count: place.map { _ in 1 }))
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
        HDF5Box(
          start: place + [firstWhole] + rest.map { _ in 0 },
          count: place.map { _ in 1 } + [endWhole - firstWhole] + rest))
    }
    if endWhole * stride < range.upperBound {
      cut(part(endWhole), along: dimension + 1, at: place + [endWhole], extent, strides, into: &boxes)
    }
  }
}
