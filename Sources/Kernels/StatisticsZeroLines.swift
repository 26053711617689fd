package import TensorModel

/// Which rows and columns of a matrix hold only zeros (of either sign), as far as one run of its elements tells.
///
/// A run is any contiguous piece of the row-major matrix: rows may begin before it and end after it. Buffers are kept
/// from run to run. Costs one look at the elements up to the first non-zero of each row, and one OR of each element
/// where columns are wanted.
package final class ZeroLineScanner {
  /// What the last scan found of rows.
  package private(set) var rows = ZeroRowRun(rows: 0..<0, isZero: false)
  /// The columns that hold something but zeros in the last scan's elements: at most two runs.
  package private(set) var nonZeroColumns: [ColumnRun] = []

  /// One byte per element of a type whose elements are narrower.
  private var widened: [UInt8] = []
  /// One word per column of a run.
  private var accumulators: [UInt64] = []

  package init() {}

  /// Scans `bytes`, which hold the matrix's elements from `firstElement` on.
  /// - Precondition: not empty, `columns > 0`.
  package func scan(_ bytes: RawSpan, dtype: DType, firstElement: Int, columns: Int, wantsColumns: Bool) {
    guard dtype.elementBits % 8 != 0 else {
      unsafe bytes.withUnsafeBytes { unsafe scan($0, dtype, firstElement, columns, wantsColumns) }
      return
    }
    unsafe bytes.withUnsafeBytes { unsafe widen($0, dtype) }
    unsafe widened.withUnsafeBytes { unsafe scan($0, dtype, firstElement, columns, wantsColumns) }
  }

  private func scan(
    _ bytes: UnsafeRawBufferPointer, _ dtype: DType, _ firstElement: Int, _ columns: Int, _ wantsColumns: Bool
  ) {
    switch max(8, dtype.elementBits) {
    case 8: unsafe scan(bytes, UInt8.self, dtype, firstElement, columns, wantsColumns)
    case 16: unsafe scan(bytes, UInt16.self, dtype, firstElement, columns, wantsColumns)
    case 32: unsafe scan(bytes, UInt32.self, dtype, firstElement, columns, wantsColumns)
    case 64: unsafe scan(bytes, UInt64.self, dtype, firstElement, columns, wantsColumns)
    default: preconditionFailure("no element has \(dtype.elementBits) bits")
    }
  }

  @inline(__always)
  private func scan<Word: FixedWidthInteger & UnsignedInteger>(
    _ bytes: UnsafeRawBufferPointer, _: Word.Type, _ dtype: DType, _ firstElement: Int, _ columns: Int,
    _ wantsColumns: Bool
  ) {
    let mask = Word(truncatingIfNeeded: dtype.nonZeroBits)
    let elements = bytes.count / MemoryLayout<Word>.size
    precondition(elements > 0 && columns > 0)
    rows = unsafe zeroRows(bytes, mask, firstElement..<(firstElement + elements), columns)
    nonZeroColumns.removeAll(keepingCapacity: true)
    if wantsColumns { unsafe scanColumns(bytes, mask, firstElement % columns, elements, columns) }
  }

  /// ORs the elements column by column, then keeps one bit of each.
  @inline(__always)
  private func scanColumns<Word: FixedWidthInteger & UnsignedInteger>(
    _ bytes: UnsafeRawBufferPointer, _ mask: Word, _ firstColumn: Int, _ elements: Int, _ columns: Int
  ) {
    let covered = min(columns, elements)
    // Narrow matrices are read several rows at a time, so that the inner loop is long.
    let period = covered < columns ? covered : columns * ((255 + columns) / columns)
    let words = (period * MemoryLayout<Word>.size + 7) / 8
    if accumulators.count < words { accumulators = [UInt64](repeating: 0, count: words) }
    unsafe accumulators.withUnsafeMutableBytes { raw in
      let sums = unsafe raw.bindMemory(to: Word.self)
      for index in 0..<period { unsafe sums[index] = 0 }
      var start = 0
      while start < elements {
        unsafe orElements(bytes, start, min(period, elements - start), into: sums)
        start += period
      }
      for index in covered..<period { unsafe sums[index % columns] |= sums[index] }
      let beforeWrap = min(covered, columns - firstColumn)
      unsafe appendColumns(sums, mask, 0, firstColumn..<(firstColumn + beforeWrap))
      if beforeWrap < covered { unsafe appendColumns(sums, mask, beforeWrap, 0..<(covered - beforeWrap)) }
    }
  }

  private func appendColumns<Word: FixedWidthInteger & UnsignedInteger>(
    _ sums: UnsafeMutableBufferPointer<Word>, _ mask: Word, _ first: Int, _ columns: Range<Int>
  ) {
    var run = ColumnRun(firstWord: columns.lowerBound / 64, words: [])
    run.words = [UInt64](repeating: 0, count: (columns.upperBound - 1) / 64 - run.firstWord + 1)
    for column in columns {
      let bit: UInt64 = unsafe sums[first + column - columns.lowerBound] & mask != 0 ? 1 : 0
      run.words[column / 64 - run.firstWord] |= bit << UInt64(column % 64)
    }
    nonZeroColumns.append(run)
  }

  private func widen(_ bytes: UnsafeRawBufferPointer, _ dtype: DType) {
    let count = bytes.count / dtype.blockBytes * dtype.blockElements
    if widened.count != count { widened = [UInt8](repeating: 0, count: count) }
    unsafe widened.withUnsafeMutableBufferPointer { elements in
      switch dtype.elementBits {
      case 4:
        for index in 0..<bytes.count {
          unsafe elements[2 &* index] = bytes[index] & 15
          unsafe elements[2 &* index &+ 1] = bytes[index] &>> 4
        }
      case 6:
        for block in 0..<bytes.count / 3 {
          let (low, middle, high) = unsafe (bytes[3 &* block], bytes[3 &* block &+ 1], bytes[3 &* block &+ 2])
          unsafe elements[4 &* block] = low & 63
          unsafe elements[4 &* block &+ 1] = low &>> 6 | (middle & 15) &<< 2
          unsafe elements[4 &* block &+ 2] = middle &>> 4 | (high & 3) &<< 4
          unsafe elements[4 &* block &+ 3] = high &>> 2
        }
      default: preconditionFailure("no element has \(dtype.elementBits) bits")
      }
    }
  }
}

/// Bits of columns, beginning with column `64 * firstWord` in the lowest bit of the first word.
package struct ColumnRun {
  package var firstWord: Int
  package var words: [UInt64]
}

/// What a run of elements tells of the rows that it touches.
package struct ZeroRowRun: Hashable, Sendable {
  package var rows: Range<Int>
  /// Of the elements of the first row that lie in the run.
  package var firstIsZero: Bool
  /// Of the elements of the last row that lie in the run; as `firstIsZero` where that is the same row.
  package var lastIsZero: Bool
  /// Zero rows strictly between the first and the last.
  package var zeroRowsBetween: Int

  /// Rows of which all, or none, are zero.
  package init(rows: Range<Int>, isZero: Bool) {
    self.rows = rows
    firstIsZero = isZero
    lastIsZero = isZero
    zeroRowsBetween = isZero ? max(0, rows.count - 2) : 0
  }
}

extension DType {
  /// The bits of an element that make it something but a zero, in a type that has zeros.
  package var nonZeroBits: UInt64 {
    let all = UInt64.max >> UInt64(64 - elementBits)
    return switch values {
    case .boolean, .unsigned, .signed: all
    case .float(let layout): layout.hasNegativeZero ? all >> 1 : all
    case .complex: 0x7FFF_FFFF_7FFF_FFFF
    case .blocks, .opaque: preconditionFailure("the bits of a \(name) element alone tell no zero")
    }
  }
}

@inline(__always)
private func zeroRows<Word: FixedWidthInteger & UnsignedInteger>(
  _ bytes: UnsafeRawBufferPointer, _ mask: Word, _ elements: Range<Int>, _ columns: Int
) -> ZeroRowRun {
  let rows = elements.lowerBound / columns..<(elements.upperBound - 1) / columns + 1
  var result = ZeroRowRun(rows: rows, isZero: false)
  for row in rows {
    let piece = (row * columns..<(row + 1) * columns).clamped(to: elements)
    guard unsafe isZero(bytes, mask, piece.lowerBound - elements.lowerBound, piece.count) else { continue }
    if row == rows.lowerBound {
      result.firstIsZero = true
    } else if row < rows.upperBound - 1 {
      result.zeroRowsBetween += 1
    }
    if row == rows.upperBound - 1 { result.lastIsZero = true }
  }
  return result
}

/// Looks at blocks of 64 elements until one holds something.
@inline(__always)
private func isZero<Word: FixedWidthInteger & UnsignedInteger>(
  _ bytes: UnsafeRawBufferPointer, _ mask: Word, _ first: Int, _ count: Int
) -> Bool {
  let width = MemoryLayout<Word>.size
  var start = first
  while start < first &+ count {
    let end = min(start &+ 64, first &+ count)
    var bits: Word = 0
    for index in start..<end { bits |= unsafe bytes.loadUnaligned(fromByteOffset: index &* width, as: Word.self) }
    if bits & mask != 0 { return false }
    start = end
  }
  return true
}

@inline(__always)
private func orElements<Word: FixedWidthInteger & UnsignedInteger>(
  _ bytes: UnsafeRawBufferPointer, _ first: Int, _ count: Int, into sums: UnsafeMutableBufferPointer<Word>
) {
  let width = MemoryLayout<Word>.size
  guard let base = bytes.baseAddress else { return }
  let source = unsafe base + first * width
  for index in 0..<count {
    unsafe sums[index] |= source.loadUnaligned(fromByteOffset: index &* width, as: Word.self)
  }
}
