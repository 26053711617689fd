import Kernels
import TensorModel
import Testing

@Suite struct LineSquaresTests {
  /// Each element by itself, in the plainest way.
  private func reference(_ bytes: [UInt8], _ dtype: DType, rows: Int, columns: Int) -> (
    rows: [Double], columns: [Double]
  ) {
    var sums = (rows: [Double](repeating: 0, count: rows), columns: [Double](repeating: 0, count: columns))
    let values = StatisticsReference.values(bytes, dtype)
    for (index, value) in values.enumerated() where value.isFinite {
      sums.rows[index / columns] += value * value
      sums.columns[index % columns] += value * value
    }
    return sums
  }

  @Test(arguments: DType.all.filter { $0 != .c64 }, [ElementMix.anyBits, .special, .pruned])
  func rowsAndColumnsAgreeWithTheReference(_ dtype: DType, _ mix: ElementMix) throws {
    let seed = UInt64.random(in: 0...UInt64.max)
    var generator = SeededGenerator(seed: seed)
    for (rows, columns) in [(2, 4), (3, 24), (5, 36), (40, 8), (2, 4100)] {
      let bytes = randomBlocks(rows * columns / dtype.blockElements, dtype, mix, using: &generator)
      let found = scan(bytes, dtype, 0, columns, .portable)
      let reference = reference(bytes, dtype, rows: rows, columns: columns)
      let place: Comment = "seed \(seed), \(dtype.name), \(rows)×\(columns)"
      #expect(found.rows == 0..<rows && close(found.first, reference.rows[0]), place)
      #expect(close(found.last, reference.rows[rows - 1]), place)
      #expect(zip(found.columns, reference.columns).allSatisfy(close), place)
      #expect(found.between.reduce(0) { $0 + $1.count } == rows - 2, place)
      if rows > 2 {
        let between = reference.rows[1..<rows - 1]
        #expect(close(found.leastBetween, between.min()!) && close(found.largestBetween, between.max()!), place)
      }
    }
  }

  /// Sums of columns that nobody asked for are written nowhere.
  @Test func rowsAloneAreTheSameAsWithColumns() {
    let bytes = [UInt8](repeating: 0x40, count: 4 * 3 * 70_000)
    func found(wantsColumns: Bool) -> LineSquares {
      let scanner = LineSquareScanner(on: .portable)
      return unsafe scanner.scan(
        bytes.span.bytes, dtype: .f32, firstElement: 0, columns: 70_000, wantsColumns: wantsColumns)
    }
    let (rows, both) = (found(wantsColumns: false), found(wantsColumns: true))
    #expect(rows.columns.isEmpty && both.columns.count == 70_000)
    #expect(rows.rows == both.rows && rows.first == both.first && rows.last == both.last)
  }

  @Test func everyInstructionSetGivesTheSameBits() {
    let seed = UInt64.random(in: 0...UInt64.max)
    var generator = SeededGenerator(seed: seed)
    for dtype in [DType.f32, .bf16, .f16, .u8] {
      for mix in ElementMix.allCases {
        for columns in Array(1...40) + [4099] {
          let bytes = randomBlocks(6 * columns + columns / 2, dtype, mix, using: &generator)
          let reference = scan(bytes, dtype, columns / 3, columns, .portable)
          for set in InstructionSet.available {
            let found = scan(bytes, dtype, columns / 3, columns, set)
            #expect(
              found.rows == reference.rows && found.first == reference.first && found.last == reference.last
                && found.columns == reference.columns && found.leastBetween == reference.leastBetween
                && found.largestBetween == reference.largestBetween && Set(found.between) == Set(reference.between),
              "seed \(seed), \(set.name), \(dtype.name), \(mix), \(columns) columns")
          }
        }
      }
    }
  }

  @Test func aRepeatedElementCountsAsItsBytesDo() {
    for (elements, columns) in [(0..<12, 4), (3..<12, 4), (5..<7, 4), (2..<9, 4), (1..<30, 7)] {
      let bytes = elements.flatMap { _ in [0x00, 0x00, 0x00, 0xC0] as [UInt8] }
      let scanned = scan(bytes, .f32, elements.lowerBound, columns, .best)
      let repeated = LineSquareScanner().scan(repeating: 4, elements, columns: columns, wantsColumns: true)
      #expect(scanned.rows == repeated.rows && scanned.first == repeated.first && scanned.last == repeated.last)
      #expect(scanned.columns == repeated.columns && scanned.between == repeated.between)
      #expect(scanned.leastBetween == repeated.leastBetween && scanned.largestBetween == repeated.largestBetween)
    }
  }

  private func scan(
    _ bytes: [UInt8], _ dtype: DType, _ first: Int, _ columns: Int, _ set: InstructionSet
  ) -> LineSquares {
    unsafe LineSquareScanner(on: set).scan(
      bytes.span.bytes, dtype: dtype, firstElement: first, columns: columns, wantsColumns: true)
  }

  private func close(_ a: Double, _ b: Double) -> Bool { a == b || abs(a - b) <= 1e-12 * b }
}
