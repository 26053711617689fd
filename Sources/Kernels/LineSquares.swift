import CKernels
package import TensorModel

/// The sums of the squares of a matrix's rows and columns, as far as one run of its elements tells. Numbers that are not
/// finite count as 0.
package struct LineSquares: Sendable {
  package var rows: Range<Int>
  /// Of the elements of the first row that lie in the run.
  package var first = 0.0
  /// Of the elements of the last row that lie in the run; 0 where that is the same row.
  package var last = 0.0
  /// The sums of the rows strictly between, which are whole, as F64 counted by `ValuePrefix`; the least and the largest.
  package var between: [PatternCount] = []
  package var leastBetween = Double.infinity
  package var largestBetween = -Double.infinity
  /// Of the elements of each column that lie in the run; empty where columns are not wanted.
  package var columns: [Double] = []
}

/// Adds up squares along rows and columns. One worker's; its buffers are kept from run to run.
///
/// The squares of a row are summed in blocks of 2048 elements of the row, each in 16 lanes of doubles (lane = index mod
/// 16) that are added in order, those of a column from top to bottom.
package final class LineSquareScanner {
  private let set: InstructionSet
  private var values: [Float] = []
  private var wideValues: [Double] = []
  private var sums: [Double] = []
  /// Takes the place of the columns where they are not wanted.
  private var ignored: [Double] = []
  /// The number of each pattern of `tableType`.
  private var table: [Float] = []
  private var tableType: DType?

  package init(on set: InstructionSet = .best) { self.set = set }

  /// Scans `bytes`, which hold the matrix's elements from `firstElement` on.
  /// - Precondition: not empty, `columns > 0`; neither complex nor opaque elements.
  package func scan(
    _ bytes: RawSpan, dtype: DType, firstElement: Int, columns: Int, wantsColumns: Bool
  ) -> LineSquares {
    let elements = firstElement..<firstElement + bytes.byteCount / dtype.blockBytes * dtype.blockElements
    var result = LineSquares(rows: elements.lowerBound / columns..<(elements.upperBound - 1) / columns + 1)
    if wantsColumns { result.columns = [Double](repeating: 0, count: columns) }
    prepare(dtype)
    sums.removeAll(keepingCapacity: true)
    unsafe bytes.withUnsafeBytes { bytes in
      unsafe result.columns.withUnsafeMutableBufferPointer { target in
        var row = result.rows.lowerBound
        while row < result.rows.upperBound {
          let piece = (row * columns..<(row + 1) * columns).clamped(to: elements)
          let offset = piece.lowerBound - elements.lowerBound
          // An empty array has an address too.
          let columnSums = unsafe wantsColumns ? target.baseAddress! + piece.lowerBound % columns : nil
          let isTiled = set.statistics != nil && dtype.hasTiles && piece.count == columns
          let tile = isTiled && row + Self.tileRows <= elements.upperBound / columns ? Self.tileRows : 1
          unsafe addRows(bytes, dtype, offset..<offset + piece.count, tile, columnSums)
          row += tile
        }
      }
    }
    finish(&result)
    return result
  }

  /// The same for elements of which each has the square `square`, in O(columns).
  package func scan(
    repeating square: Double, _ elements: Range<Int>, columns: Int, wantsColumns: Bool
  ) -> LineSquares {
    var result = LineSquares(rows: elements.lowerBound / columns..<(elements.upperBound - 1) / columns + 1)
    func inRow(_ row: Int) -> Int { (row * columns..<(row + 1) * columns).clamped(to: elements).count }
    result.first = square * Double(inRow(result.rows.lowerBound))
    if result.rows.count > 1 { result.last = square * Double(inRow(result.rows.upperBound - 1)) }
    if result.rows.count > 2 {
      let sum = square * Double(columns)
      (result.leastBetween, result.largestBetween) = (sum, sum)
      result.between = [PatternCount(pattern: UInt32(ValuePrefix.wide(sum)), count: result.rows.count - 2)]
    }
    guard wantsColumns else { return result }
    result.columns = (0..<columns).map { column in
      let before = (elements.lowerBound + columns - 1 - column) / columns
      let through = (elements.upperBound + columns - 1 - column) / columns
      return square * Double(through - before)
    }
    return result
  }

  private func finish(_ result: inout LineSquares) {
    result.first = sums[0]
    guard sums.count > 1 else { return }
    result.last = sums[sums.count - 1]
    guard sums.count > 2 else { return }
    var prefixes: [UInt32] = []
    for sum in sums[1..<sums.count - 1] {
      result.leastBetween = min(result.leastBetween, sum)
      result.largestBetween = max(result.largestBetween, sum)
      prefixes.append(ValuePrefix.prefix(of: sum))
    }
    // Rows are few beside their elements: sorted they need no table.
    for prefix in prefixes.sorted() {
      if let last = result.between.last, last.pattern == prefix {
        result.between[result.between.count - 1].count += 1
      } else {
        result.between.append(PatternCount(pattern: prefix, count: 1))
      }
    }
  }

  private func prepare(_ dtype: DType) {
    if values.isEmpty {
      values = [Float](repeating: 0, count: Moments.blockElements)
      wideValues = [Double](repeating: 0, count: Moments.blockElements)
      ignored = [Double](repeating: 0, count: Moments.blockElements)
    }
    guard dtype.isCounted, dtype != .bf16, dtype != tableType else { return }
    tableType = dtype
    // What is no number has no value, and counts as 0.
    table = (0..<1 << dtype.elementBits).map { Float(NarrowElement(pattern: $0, dtype: dtype).value ?? 0) }
  }

  /// Rows that a kernel takes at once, so that the sums of a column are loaded and stored once for all of them.
  private static let tileRows = 4

  /// Adds `count` rows that follow each other, the first of which has `elements`.
  private func addRows(
    _ bytes: UnsafeRawBufferPointer, _ dtype: DType, _ elements: Range<Int>, _ count: Int,
    _ columns: UnsafeMutablePointer<Double>?
  ) {
    let first = sums.count
    for _ in 0..<count { sums.append(0) }
    var start = elements.lowerBound
    unsafe withUnsafeTemporaryAllocation(of: Double.self, capacity: Self.tileRows) { blockSums in
      while start < elements.upperBound {
        let blockCount = min(Moments.blockElements, elements.upperBound - start)
        let target = unsafe columns.map { unsafe $0 + (start - elements.lowerBound) }
        unsafe ignored.withUnsafeMutableBufferPointer { ignored in
          let target = unsafe target ?? ignored.baseAddress!
          if dtype.hasTiles, let functions = set.statistics, let base = bytes.baseAddress {
            let width = dtype.blockBytes
            unsafe functions.add_squares(
              base + start * width, elements.count * width, blockCount, CInt(count), dtype == .bf16 ? 1 : 0, target,
              blockSums.baseAddress!)
          } else {
            unsafe blockSums[0] = addBlock(bytes, dtype, start, blockCount, target)
          }
        }
        for row in 0..<count { unsafe sums[first + row] += blockSums[row] }
        start += blockCount
      }
    }
  }

  private func addBlock(
    _ bytes: UnsafeRawBufferPointer, _ dtype: DType, _ first: Int, _ count: Int,
    _ columns: UnsafeMutablePointer<Double>
  ) -> Double {
    let set = set
    if dtype.isCounted || dtype == .f32 {
      return unsafe values.withUnsafeMutableBufferPointer { values in
        if dtype == .f16, let kernel = unsafe set.kernels?.widen_f16, let base = bytes.baseAddress {
          unsafe kernel(base + 2 * first, count, values.baseAddress!)
        } else {
          unsafe Self.decode(bytes, dtype, first, count, table, into: values)
        }
        if let functions = set.statistics {
          var sum = 0.0
          unsafe functions.add_squares(values.baseAddress!, 0, count, 1, 0, columns, &sum)
          return sum
        }
        return unsafe addSquares(UnsafeBufferPointer(rebasing: values[..<count]), columns)
      }
    }
    return unsafe wideValues.withUnsafeMutableBufferPointer { values in
      unsafe Self.decodeWide(bytes, dtype, first, count, into: values)
      return unsafe addSquares(UnsafeBufferPointer(rebasing: values[..<count]), columns)
    }
  }

  private static func decode(
    _ bytes: UnsafeRawBufferPointer, _ dtype: DType, _ first: Int, _ count: Int, _ table: [Float],
    into values: UnsafeMutableBufferPointer<Float>
  ) {
    let bits = dtype.elementBits
    switch dtype {
    case .f32:
      for index in 0..<count {
        unsafe values[index] = bytes.loadUnaligned(fromByteOffset: 4 &* (first &+ index), as: Float.self)
      }
    case .bf16:
      for index in 0..<count {
        let word = unsafe bytes.loadUnaligned(fromByteOffset: 2 &* (first &+ index), as: UInt16.self)
        unsafe values[index] = Float(bitPattern: UInt32(word) &<< 16)
      }
    case _ where bits == 16:
      for index in 0..<count {
        let word = unsafe bytes.loadUnaligned(fromByteOffset: 2 &* (first &+ index), as: UInt16.self)
        unsafe values[index] = table[Int(word)]
      }
    default:
      // An element lies in one byte or two.
      let mask = 1 << bits - 1
      for index in 0..<count {
        let bit = (first &+ index) &* bits
        var word = unsafe Int(bytes[bit >> 3])
        if bit & 7 &+ bits > 8 { word |= unsafe Int(bytes[bit >> 3 &+ 1]) << 8 }
        unsafe values[index] = table[(word >> (bit & 7)) & mask]
      }
    }
  }

  private static func decodeWide(
    _ bytes: UnsafeRawBufferPointer, _ dtype: DType, _ first: Int, _ count: Int,
    into values: UnsafeMutableBufferPointer<Double>
  ) {
    func decode<Word>(_: Word.Type, _ value: (Word) -> Double) {
      for index in 0..<count {
        unsafe values[index] = value(
          bytes.loadUnaligned(fromByteOffset: MemoryLayout<Word>.size &* (first &+ index), as: Word.self))
      }
    }
    switch (dtype.values, dtype.blockBytes) {
    case (.signed, 4): decode(Int32.self) { Double($0) }
    case (.signed, 8): decode(Int64.self) { Double($0) }
    case (.unsigned, 4): decode(UInt32.self) { Double($0) }
    case (.unsigned, 8): decode(UInt64.self) { Double($0) }
    default: decode(Double.self) { $0 }
    }
  }
}

extension DType {
  /// Whether a kernel reads the elements as they are, several rows at once.
  fileprivate var hasTiles: Bool { self == .f32 || self == .bf16 }
}

/// Adds the square of each value to its column.
/// - Returns: the sum of the squares, in 16 lanes.
private func addSquares<Value: LaneScalar & BinaryFloatingPoint>(
  _ values: UnsafeBufferPointer<Value>, _ columns: UnsafeMutablePointer<Double>
) -> Double {
  unsafe withUnsafeTemporaryAllocation(of: Double.self, capacity: 16) { lanes in
    unsafe lanes.initialize(repeating: 0)
    for index in 0..<values.count {
      let value = unsafe values[index].isFinite ? values[index].widened : 0
      unsafe lanes[index & 15] += value * value
      unsafe columns[index] += value * value
    }
    return unsafe lanes.reduce(0, +)
  }
}
