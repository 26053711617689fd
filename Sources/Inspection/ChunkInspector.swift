import Containers
import Kernels
import Packing
import TensorModel

/// One worker: reads a chunk, and holds what it found until its turn comes to commit.
final class ChunkInspector {
  /// How a chunk's zeros lie in the tensor's rows and columns.
  enum Lines {
    case notAsked
    case allZero
    case noneZero
    /// The scanner knows.
    case scanned
  }

  private let session: any TensorSession
  private let estimator: (any PackedSizeEstimator)?
  private let scanner = ZeroLineScanner()
  private(set) var values: ValueStatistics?
  private(set) var lines = Lines.notAsked
  /// What a chunk becomes when packed, and for how many chunks of the tensor that holds.
  private(set) var packed: (chunk: PackedChunk, count: Int)?

  init(_ session: any TensorSession, _ estimator: (any PackedSizeEstimator)?) {
    self.session = session
    self.estimator = estimator
  }

  var scannedRows: ZeroRowRun { scanner.rows }
  var scannedColumns: [ColumnRun] { scanner.nonZeroColumns }

  /// What a chunk is, and what is wanted of it.
  struct Task {
    var tensor: Int
    var info: TensorInfo
    var range: Range<Int>
    var wantsColumns: Bool
    var wantsPackedSize: Bool
    /// How the tensor is cut, where `range` is all of it because it is one block again and again.
    var repeatedGrid: ChunkGrid?
  }

  func inspect(_ task: Task) throws(ModelError) {
    values = nil
    packed = nil
    lines = .notAsked
    let block = try session.repeatedBlock(of: task.tensor, task.range)
    if let block, try inspect(task, repeating: block) { return }
    try session.withBytes(of: task.tensor, task.range) { bytes throws(ModelError) in
      try inspect(task, bytes)
    }
    session.release(of: task.tensor, task.range)
  }

  private func inspect(_ task: Task, _ bytes: RawSpan) throws(ModelError) {
    let dtype = task.info.dtype
    values = ValueStatistics(of: bytes, dtype: dtype)
    if let values, let columns = task.info.matrixColumns {
      lines = Self.lines(values)
      if case .scanned = lines {
        let first = task.range.lowerBound / dtype.blockBytes * dtype.blockElements
        scanner.scan(bytes, dtype: dtype, firstElement: first, columns: columns, wantsColumns: task.wantsColumns)
      }
    }
    if task.wantsPackedSize, let estimator {
      packed = (try estimator.pack(bytes, of: task.info, task.range), 1)
    }
  }

  /// False where the block's elements are partly zero, so that the bytes themselves must tell of rows and columns.
  private func inspect(_ task: Task, repeating block: [UInt8]) throws(ModelError) -> Bool {
    let dtype = task.info.dtype
    let values = ValueStatistics(repeating: block, count: task.range.count / dtype.blockBytes, dtype: dtype)
    if let values, task.info.matrixColumns != nil {
      lines = Self.lines(values)
      if case .scanned = lines { return false }
    }
    self.values = values
    if task.wantsPackedSize, let estimator {
      let range = task.repeatedGrid?.bytes(ofChunk: 0) ?? task.range
      packed = (try estimator.pack(repeating: block, of: task.info, range), task.repeatedGrid?.count ?? 1)
    }
    return true
  }

  private static func lines(_ values: ValueStatistics) -> Lines {
    values.zeros == 0 ? .noneZero : values.zeros == values.elementCount ? .allZero : .scanned
  }
}

extension TensorInfo {
  /// Columns of the matrix of `shape[0]` rows; nil for fewer than two dimensions and for empty tensors.
  var matrixColumns: Int? {
    shape.count >= 2 && elementCount > 0 ? elementCount / shape[0] : nil
  }
}
