import Kernels
import TensorModel

/// Puts weights on levels × scale, a scale for each block of a matrix.
struct QuantizationRule: WeightRule {
  let numbers: QuantizedNumbers
  let levels: QuantizationLevels
  let scaleType: GridKind
  let blocks: BlockGrid
  /// The scales of the blocks; nil where each is found in its block, which lies in one row then.
  private(set) var scales: [QuantizationLevels.Scale]?

  /// Blocks of more elements have their scales found once: there are few of them.
  private static let mostLocalElements = 1 << 17

  init(_ numbers: QuantizedNumbers, _ levels: QuantizationLevels, _ spec: QuantizationSpec, _ matrix: WeightMatrix) {
    self.numbers = numbers
    self.levels = levels
    scaleType = spec.scaleType
    blocks =
      switch spec.sharing {
      case .tensor: BlockGrid(matrix, rows: matrix.rows, columns: matrix.columns)
      case .row: BlockGrid(matrix, rows: 1, columns: matrix.columns)
      case .group(let size): BlockGrid(matrix, rows: 1, columns: size)
      case .block(let rows, let columns): BlockGrid(matrix, rows: rows, columns: columns)
      }
  }

  /// The same rule, with a scale for all of the tensor.
  init(_ numbers: QuantizedNumbers, palette: [Float], _ matrix: WeightMatrix) {
    self.numbers = numbers
    levels = .book(LevelBook(palette))
    scaleType = .f32
    blocks = BlockGrid(matrix, rows: matrix.rows, columns: matrix.columns)
    scales = [QuantizationLevels.Scale(scale: 1)]
  }

  /// Whether scales must be found before anything is quantised.
  var needsScales: Bool {
    scales == nil && (blocks.rows > 1 || blocks.columns > Self.mostLocalElements)
  }

  /// Finds the scales of all blocks, in one reading of the tensor.
  mutating func findScales(_ walk: TensorWalk, _ workspace: WeightWorkspace) throws(ModelError) {
    var ranges = [NumberRange](repeating: NumberRange(), count: blocks.count)
    try walk.forEachPiece { (bytes, elements) throws(ModelError) in
      load(bytes, elements.count, workspace)
      forEachRun(in: elements) { block, run in ranges[block].add(workspace.numbers, run) }
    }
    scales = ranges.map { levels.scale(for: $0, scaleType) }
  }

  func context(of elements: Range<Int>) -> Range<Int> {
    guard scales == nil, !elements.isEmpty else { return elements }
    let columns = blocks.matrix.columns
    let (first, last) = (elements.lowerBound, elements.upperBound - 1)
    let start = first % columns / blocks.columns * blocks.columns
    let end = min((last % columns / blocks.columns + 1) * blocks.columns, columns)
    return first / columns * columns + start..<last / columns * columns + end
  }

  func apply(_ source: RawSpan, _ elements: Range<Int>, _ workspace: WeightWorkspace) {
    workspace.reserve(source.byteCount)
    load(source, elements.count, workspace)
    forEachRun(in: elements) { block, run in
      let scale = scales?[block] ?? localScale(workspace.numbers, run)
      levels.apply(scale, to: &workspace.numbers, run, limit: numbers.largest)
    }
    numbers.store(workspace.numbers, over: source, into: &workspace.output)
  }

  private func load(_ source: RawSpan, _ count: Int, _ workspace: WeightWorkspace) {
    workspace.numbers.grow(to: count)
    numbers.load(source, into: &workspace.numbers)
  }

  private func localScale(_ numbers: [Float], _ run: Range<Int>) -> QuantizationLevels.Scale {
    var range = NumberRange()
    range.add(numbers, run)
    return levels.scale(for: range, scaleType)
  }

  private func forEachRun(in elements: Range<Int>, _ body: (_ block: Int, _ run: Range<Int>) -> Void) {
    // Of one block, rows need not be told apart.
    guard blocks.count > 1 else { return body(0, 0..<elements.count) }
    blocks.forEachRun(in: elements, body)
  }
}
