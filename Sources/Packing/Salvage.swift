import ByteStore
import Containers
import Synchronization
public import TensorModel

/// A run of bytes that could not be brought back, and is zeros instead.
public struct Loss: Sendable {
  /// The path in the packed folder; empty for a single file.
  public var file: String
  /// The tensor that the bytes belong to; nil for a header or another file's bytes.
  public var tensor: String?
  /// Where they lie in the file; empty where what is wrong has no place.
  public var range: Range<Int>
  public var error: ModelError
}

/// What came of salvaging a damaged packed file.
public struct SalvageReport: Sendable {
  /// Bytes of the files that were written.
  public var byteCount: Int
  public var tensorCount: Int
  /// By file and place; neighbours of one tensor are one loss.
  public var losses: [Loss]
  /// The files whose safetensors header was lost and made anew from the index, without metadata.
  public var rebuiltHeaders: [String]
  /// What is wrong with the outer header of the packed file, which costs nothing.
  public var headerFailure: ModelError?

  public var lostBytes: Int { losses.reduce(0) { $0 + $1.range.count } }
  /// Tensors of which no byte is lost.
  public var wholeTensorCount: Int {
    tensorCount - Set(losses.compactMap { loss in loss.tensor.map { [loss.file, $0].map { Array($0.utf8) } } }).count
  }
}

/// Takes losses from any thread.
final class LossList: Sendable {
  private let losses = Mutex<[Loss]>([])

  func add(_ loss: Loss) { losses.withLock { $0.append(loss) } }

  func hasLosses(in file: String) -> Bool {
    losses.withLock { $0.contains { $0.file.utf8.elementsEqual(file.utf8) } }
  }

  /// The losses of a file in order, those of one tensor that touch each other made one.
  func merged(in file: String) -> [Loss] {
    let found = losses.withLock { $0.filter { $0.file.utf8.elementsEqual(file.utf8) } }
    var merged: [Loss] = []
    for loss in found.sorted(by: { $0.range.lowerBound < $1.range.lowerBound }) {
      if let last = merged.last, last.tensor == loss.tensor, last.range.upperBound == loss.range.lowerBound {
        merged[merged.count - 1].range = last.range.lowerBound..<loss.range.upperBound
      } else {
        merged.append(loss)
      }
    }
    return merged
  }
}

extension Unpacker {
  /// Writes what is whole of the file, or the folder, that `packed` holds to `path`, and zeros in place of the rest. A lost
  /// header of a safetensors file is made anew from the index, so that its tensors can be read.
  ///
  /// Open `packed` with `salvaging`, and name `path` so that nobody takes it for the original: it is written even where
  /// much is lost.
  /// - Parameter progress: is told of dense bytes done, from any thread.
  /// - Throws: `cannotCreate` and `inputOutput` for the output, which is not left behind then.
  public static func salvage(
    _ packed: PackedFile, to path: String, _ options: Options, progress: @Sendable (Int) -> Void = { _ in }
  ) throws(ModelError) -> SalvageReport {
    try within(packed.path) { () throws(ModelError) in try packed.demandBelief(options.maximumExpansion) }
    var salvage = Salvage(packed, options)
    guard packed.isFolder else {
      let output = try within(path) { () throws(ModelError) in
        try OutputFile(path: path, overwrite: options.overwrite)
      }
      try salvage.file(0, into: output, progress)
      return salvage.report
    }
    let folder = try within(path) { () throws(ModelError) in try OutputFolder(path: path) }
    for (number, file) in packed.index.files.enumerated() {
      let output = try within(path) { () throws(ModelError) in try folder.file(file.path, mode: file.mode) }
      try salvage.file(number, into: output, progress)
    }
    try within(path) { () throws(ModelError) in try folder.finish() }
    return salvage.report
  }
}

/// Salvages the files of a packed file, one after the other.
private struct Salvage {
  private let packed: PackedFile
  private let options: Unpacker.Options
  private(set) var report: SalvageReport

  init(_ packed: PackedFile, _ options: Unpacker.Options) {
    self.packed = packed
    self.options = options
    let tensors = packed.index.files.reduce(0) { $0 + Set($1.operations.filter(\.isTensor).map(\.entry)).count }
    report = SalvageReport(
      byteCount: packed.byteCount, tensorCount: tensors, losses: [], rebuiltHeaders: [],
      headerFailure: packed.headerFailure)
  }

  mutating func file(
    _ number: Int, into output: any PositionalOutput, _ progress: @Sendable (Int) -> Void
  ) throws(ModelError) {
    let file = packed.index.files[number]
    let losses = LossList()
    try FileRebuild(packed, number, options, losses: losses).run(into: output, progress)
    let lost = losses.merged(in: file.path)
    report.losses += lost
    if let header = SalvagedHeader(file, packed.index),
      lost.contains(where: { $0.range.overlaps(0..<header.byteCount) })
    {
      try within(output.path) { () throws(ModelError) in try header.write(to: output) }
      report.rebuiltHeaders.append(file.path)
    }
    try within(output.path) { () throws(ModelError) in try output.finish() }
  }
}

/// A safetensors header made from the index of a packed file: names, dtypes, shapes and places, without metadata.
private struct SalvagedHeader {
  /// What the lost one took, its length included.
  let byteCount: Int
  private let text: [UInt8]

  /// Nil where the file is no safetensors file, or the header does not fit into the room of the lost one.
  init?(_ file: PackedIndex.File, _ index: PackedIndex) {
    guard file.container == "safetensors", case .bytes(_, let range)? = file.operations.first,
      range.count >= 8, range.count - 8 <= Limits().headerBytes
    else { return nil }
    byteCount = range.count
    text = Self.text(file, index)
    guard text.count <= byteCount - 8 else { return nil }
  }

  private static func text(_ file: PackedIndex.File, _ index: PackedIndex) -> [UInt8] {
    var json = JSONText(pretty: false)
    json.object { json in
      var offset = 0
      for operation in file.operations.dropFirst() {
        let end = offset + operation.byteCount(in: index.entries)
        if case .tensor(let number) = operation {
          let info = index.entries[number].info
          json.object(info.name) { json in
            json.string("dtype", info.dtype.name)
            json.array("shape") { json in for dimension in info.shape { json.integer(nil, dimension) } }
            json.array("data_offsets") { json in for place in [offset, end] { json.integer(nil, place) } }
          }
        }
        offset = end
      }
    }
    return Array(json.text.utf8)
  }

  /// Fills the room of the lost header.
  func write(to output: any PositionalOutput) throws(ModelError) {
    var length = ByteWriter()
    length.integer(UInt64(byteCount - 8))
    let blanks = [UInt8](repeating: UInt8(ascii: " "), count: byteCount - 8 - text.count)
    try output.write(length.bytes + text + blanks, at: 0)
  }
}
