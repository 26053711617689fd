import Containers
import Kernels
import Packing
import TensorModel

/// What the numbers of one run of elements tell of their tensor.
struct RunFindings {
  /// How the run's zeros lie in the tensor's rows and columns.
  enum Lines {
    case notAsked
    case allZero
    case noneZero
    case mixed(rows: ZeroRowRun, nonZeroColumns: [ColumnRun])
  }

  /// Counted from the start of the tensor.
  let elements: Range<Int>
  var values: ChunkValues
  var lines = Lines.notAsked
  /// Nil where the tensor has no norms, or the run does not tell.
  var squares: LineSquares?
}

/// What one chunk tells of its tensor.
struct ChunkFindings {
  /// In order: one of a plain dtype, one for each piece that is dequantised, none of opaque elements.
  var runs: [RunFindings] = []
  /// What some bytes of a chunk become when packed, and for how many chunks of the tensor that holds.
  var packed: (chunk: PackedChunk, byteCount: Int, count: Int)?
}

/// One worker: reads chunks, and holds what it found until its turn comes to commit.
final class ChunkInspector {
  private let session: any TensorSession
  private let estimator: (any PackedSizeEstimator)?
  private let valueScanner = ValueScanner()
  private let lineScanner = ZeroLineScanner()
  private let squareScanner = LineSquareScanner()
  private let widening = BlockWidening()
  /// Of the chunks inspected since `begin`, in order.
  private(set) var findings: [ChunkFindings] = []

  init(_ session: any TensorSession, _ estimator: (any PackedSizeEstimator)?) {
    self.session = session
    self.estimator = estimator
  }

  /// What a chunk is, and what is wanted of it.
  struct Task {
    var tensor: Int
    var info: TensorInfo
    var range: Range<Int>
    var wantsColumns: Bool
    /// The bytes of the chunk that are packed, to learn what packing gives.
    var packed: Range<Int>?
    /// What a look at the tensor showed.
    var survey: TensorSurvey
    /// The elements that tell of quantiles and entropies.
    var sample: ValueSample
    /// Words whose hashes are larger don't count any more.
    var wordLimit: UInt64?
    /// How the tensor is cut, where `range` is all of it because it is one block again and again.
    var repeatedGrid: ChunkGrid?

    var firstElement: Int { range.lowerBound / info.dtype.blockBytes * info.dtype.blockElements }
  }

  /// Forgets the findings so far.
  func begin() { findings.removeAll(keepingCapacity: true) }

  func inspect(_ task: Task) throws(ModelError) {
    let block = try session.repeatedBlock(of: task.tensor, task.range)
    if let block, let found = try inspect(task, repeating: block) {
      findings.append(found)
      return
    }
    let found = try session.withBytes(of: task.tensor, task.range) { bytes throws(ModelError) in
      try inspect(task, bytes)
    }
    findings.append(found)
    session.release(of: task.tensor, task.range)
  }

  private func inspect(_ task: Task, _ bytes: RawSpan) throws(ModelError) -> ChunkFindings {
    var found = ChunkFindings()
    switch task.info.dtype.values {
    case .opaque: break
    case .blocks(let type):
      widening.forEachPiece(of: bytes, type) { (numbers, elements) in
        found.runs.append(inspect(task, numbers, from: task.firstElement + elements.lowerBound))
      }
    default: found.runs.append(inspect(task, bytes, from: task.firstElement))
    }
    if let part = task.packed, let estimator {
      let start = part.lowerBound - task.range.lowerBound
      let packed = try estimator.pack(bytes.extracting(start..<start + part.count), of: task.info, part, task.survey)
      found.packed = (packed, part.count, 1)
    }
    return found
  }

  /// - Parameters:
  ///   - numbers: elements of `task.info.dtype.numbers`.
  ///   - first: the place of the first one in its tensor.
  private func inspect(_ task: Task, _ numbers: RawSpan, from first: Int) -> RunFindings {
    let dtype = task.info.dtype.numbers
    let values = valueScanner.scan(
      numbers, dtype: dtype, firstElement: first, sample: task.sample, below: task.wordLimit)
    var found = RunFindings(elements: first..<first + values.elementCount, values: values)
    if let columns = task.info.matrixColumns {
      if let lines = Self.plainLines(values) {
        found.lines = lines
      } else {
        lineScanner.scan(
          numbers, dtype: dtype, firstElement: first, columns: columns, wantsColumns: task.wantsColumns)
        found.lines = .mixed(rows: lineScanner.rows, nonZeroColumns: lineScanner.nonZeroColumns)
      }
    }
    if let columns = NormTally.columns(task.info) {
      found.squares = squareScanner.scan(
        numbers, dtype: dtype, firstElement: first, columns: columns, wantsColumns: columns <= LineNorms.mostColumns)
    }
    return found
  }

  /// Nil where the block's elements are partly zero, so that the bytes themselves must tell of rows and columns.
  private func inspect(_ task: Task, repeating block: [UInt8]) throws(ModelError) -> ChunkFindings? {
    let dtype = task.info.dtype
    var found = ChunkFindings()
    if dtype.values != .opaque {
      let values = valueScanner.scan(repeating: block, count: task.range.count / dtype.blockBytes, dtype: dtype)
      var run = RunFindings(elements: task.firstElement..<task.firstElement + values.elementCount, values: values)
      if task.info.matrixColumns != nil {
        guard let lines = Self.plainLines(values) else { return nil }
        run.lines = lines
      }
      run.squares = squares(task, values)
      found.runs.append(run)
    }
    if task.packed != nil, let estimator {
      let range = task.repeatedGrid?.bytes(ofChunk: 0) ?? task.range
      let packed = try estimator.pack(repeating: block, of: task.info, range)
      found.packed = (packed, task.range.count, task.repeatedGrid?.count ?? 1)
    }
    return found
  }

  /// Of elements that are all the same; nil where they are not.
  private func squares(_ task: Task, _ values: ChunkValues) -> LineSquares? {
    guard let columns = NormTally.columns(task.info) else { return nil }
    let statistics = values.statistics ?? PatternHistogram(values.patterns, dtype: task.info.dtype).statistics
    guard statistics.isConstant || statistics.zeros == statistics.elementCount else { return nil }
    let value = statistics.extremes?.asDoubles.minimum ?? 0
    return squareScanner.scan(
      repeating: value * value, task.firstElement..<task.firstElement + statistics.elementCount, columns: columns,
      wantsColumns: columns <= LineNorms.mostColumns)
  }

  /// Nil where a scan must tell.
  private static func plainLines(_ values: ChunkValues) -> RunFindings.Lines? {
    values.zeros == 0 ? .noneZero : values.zeros == values.elementCount ? .allZero : nil
  }
}

extension TensorInfo {
  /// Columns of the matrix of `shape[0]` rows; nil for fewer than two dimensions and for empty tensors.
  var matrixColumns: Int? {
    shape.count >= 2 && elementCount > 0 ? elementCount / shape[0] : nil
  }
}
