public import Containers
import Kernels
public import TensorModel

/// Writes one tensor, or some of its rows, reading only the bytes that it needs, a chunk at a time.
public struct TensorExport: Sendable {
  public enum Format: String, CaseIterable, Sendable {
    /// What `numpy.load` opens. Floats that numpy lacks and elements of blocks widen to f32, exactly; a boolean is whether its byte is not 0.
    case npy
    /// The stored bytes: row-major, little-endian.
    case raw
    /// One line per row of the last dimension, elements apart by a space, in the shortest decimals that read back as the
    /// same numbers. An empty tensor has no lines, a rank of 0 has one.
    case text

    /// The format that a file's name asks for by its extension; nil where it asks for none.
    public init?(path: String) {
      let name = path.split(separator: "/").last ?? ""
      switch name.split(separator: ".", omittingEmptySubsequences: false).dropFirst().last?.lowercased() {
      case "npy": self = .npy
      case "raw", "bin": self = .raw
      case "txt", "text": self = .text
      default: return nil
      }
    }
  }

  private let reader: any ContainerReader
  private let tensor: Int
  private let selection: TensorSelection
  private let format: Format

  /// Proves the request before anything is written.
  /// - Throws: `usage` where the tensor lacks those rows or, as raw bytes, they end inside a byte; `unsupported` where
  ///   the type has no numbers that the format could hold.
  public init(
    _ reader: any ContainerReader, tensor: Int, rows: RowRange? = nil, as format: Format
  ) throws(ModelError) {
    let info = reader.catalog.tensors[tensor].info
    self.reader = reader
    self.tensor = tensor
    self.format = format
    selection = try within("tensor '\(info.name)'") { () throws(ModelError) in
      let selection = try TensorSelection(info, rows)
      if format == .raw { _ = try selection.wholeBytes() }
      guard format == .raw || info.dtype.values != .opaque else {
        throw ModelError(.unsupported, "\(info.dtype.name) has no numbers to write as \(format)", hint: "--format raw")
      }
      return selection
    }
  }

  /// The size of the output; nil for text, which is known only when it is written, and where it exceeds 2^63 bytes.
  public var byteCount: Int? {
    let dtype = selection.tensor.dtype
    switch format {
    case .text: return nil
    case .raw: return try? selection.wholeBytes().count
    case .npy:
      let width = FloatWidening(dtype) == nil ? dtype.blockBytes : 4
      let (body, overflow) = selection.elements.count.multipliedReportingOverflow(by: width)
      let (total, overflowsWithHeader) = body.addingReportingOverflow(npyHeader.count)
      return overflow || overflowsWithHeader ? nil : total
    }
  }

  private var npyHeader: [UInt8] {
    NumpyHeader.bytes(descriptor: NumpyHeader.descriptor(of: selection.tensor.dtype)!, shape: selection.shape)
  }

  /// Writes to `sink`, in memory for one chunk and one small buffer.
  /// - Parameter progress: told how many bytes of the tensor are read, and of how many.
  public func write(
    to sink: any ByteSink, progress: (_ done: Int, _ total: Int) -> Void = { _, _ in }
  ) throws(ModelError) {
    switch format {
    case .npy:
      try sink.write(npyHeader)
      try stream(NumpyBody(selection.tensor.dtype), to: sink, progress)
    case .raw: try writeBytes(to: sink, progress)
    case .text: try stream(TextRows(selection), to: sink, progress)
    }
  }

  private func writeBytes(to sink: any ByteSink, _ progress: (Int, Int) -> Void) throws(ModelError) {
    try read(try selection.wholeBytes(), progress) { bytes, _ throws(ModelError) in try sink.write(bytes) }
  }

  private func stream(
    _ form: consuming some ElementForm, to sink: any ByteSink, _ progress: (Int, Int) -> Void
  ) throws(ModelError) {
    var form = form
    try read(selection.blockBytes, progress) { bytes, range throws(ModelError) in
      try form.write(bytes, selection.elements(in: range), to: sink)
    }
  }

  /// Lends `range` of the tensor in order, chunk by chunk.
  private func read(
    _ range: Range<Int>, _ progress: (Int, Int) -> Void,
    _ body: (RawSpan, Range<Int>) throws(ModelError) -> Void
  ) throws(ModelError) {
    guard !range.isEmpty else { return }
    let grid = reader.grid(of: tensor)
    let session = reader.makeSession()
    for chunk in grid.chunk(holding: range.lowerBound)...grid.chunk(holding: range.upperBound - 1) {
      let part = grid.bytes(ofChunk: chunk).clamped(to: range)
      try session.withBytes(of: tensor, part) { bytes throws(ModelError) in try body(bytes, part) }
      session.release(of: tensor, part)
      progress(part.upperBound - range.lowerBound, range.count)
    }
  }
}

/// How elements are written.
protocol ElementForm {
  /// Writes `elements`, counted from the start of `bytes`, which begin at a block boundary; called in order.
  mutating func write(_ bytes: RawSpan, _ elements: Range<Int>, to sink: any ByteSink) throws(ModelError)
}

extension ByteSink {
  func write(_ bytes: [UInt8]) throws(ModelError) { try write(unsafe bytes.span.bytes) }
}
