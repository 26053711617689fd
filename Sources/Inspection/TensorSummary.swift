import Kernels
import Packing
import TensorModel

/// What is known of one tensor, gathered from its chunks in order, in constant memory but for one bit per column
/// and one number per column of up to 65,536.
struct TensorSummary {
  private let info: TensorInfo
  private var values: ValueTally?
  private var lines: ZeroLineTally?
  private var norms: NormTally?
  private var packedBytes = 0
  private var sampledBytes = 0
  private var encodings: [String: Int] = [:]

  init(_ info: TensorInfo) {
    self.info = info
    norms = NormTally(info)
    lines = info.dtype.values == .opaque ? nil : ZeroLineTally(info)
    values = info.dtype.values == .opaque ? nil : ValueTally(info.dtype.numbers)
  }

  /// Whether later chunks should be scanned for columns.
  var wantsColumns: Bool { lines?.wantsColumns ?? false }

  /// Beyond it no word of later chunks counts.
  var wordLimit: UInt64? { values?.words?.limit }

  /// Adds what was found in the next chunk.
  mutating func append(_ found: ChunkFindings) {
    for run in found.runs { append(run) }
    if let packed = found.packed {
      packedBytes += packed.chunk.byteCount * packed.count
      sampledBytes += packed.byteCount
      encodings[packed.chunk.encoding, default: 0] += packed.count
    }
  }

  private mutating func append(_ run: RunFindings) {
    values?.append(run.values)
    switch run.lines {
    case .notAsked: break
    case .allZero: lines?.append(run.elements, areZero: true)
    case .noneZero: lines?.append(run.elements, areZero: false)
    case .mixed(let rows, let columns): lines?.append(rows, nonZeroColumns: columns)
    }
    norms?.append(run.squares)
  }

  /// Puts what was found into the report.
  func complete(_ report: inout TensorReport, wantsHistogram: Bool, projectsPackedSize: Bool) {
    let found = values?.result(wantsHistogram: wantsHistogram)
    report.values = found?.statistics
    report.profile = found?.profile
    report.zeroLines = lines?.result
    report.norms = norms?.result
    if info.elementCount == 0 {
      report.structure = .empty
    } else if let values = report.values {
      report.structure = Structure(
        elements: values.elementCount, zeros: values.zeros, isConstant: values.isConstant, lines: report.zeroLines)
    }
    guard projectsPackedSize else { return }
    report.packed = PackedSize(
      byteCount: projectedBytes, encodings: encodings, isSampled: sampledBytes < info.byteCount)
  }

  /// The sample's packed bytes, scaled to the tensor and rounded up.
  private var projectedBytes: Int {
    guard sampledBytes < info.byteCount else { return packedBytes }
    precondition(sampledBytes > 0, "the first chunk is always in the sample")
    let product = packedBytes.multipliedFullWidth(by: info.byteCount)
    // Packed bytes are about as many as those sampled at most, so the quotient fits.
    let (quotient, remainder) = sampledBytes.dividingFullWidth(product)
    return quotient + (remainder > 0 ? 1 : 0)
  }
}

extension ValueStatistics {
  var isConstant: Bool {
    if case .bits = uniformity { true } else { false }
  }
}
