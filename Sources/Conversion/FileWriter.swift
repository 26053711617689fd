import ByteStore
public import Containers
public import Packing
public import TensorModel

/// Writes files that were laid out: the file, or the folder, appears when it is whole.
public enum FileWriter {
  public struct Options: Sendable {
    public var threads: Int
    /// Ceiling of working memory in bytes; fewer threads run where it would be passed.
    public var memory: Int
    /// Whether a file is replaced; a folder never is.
    public var overwrite: Bool
    /// How the chunks of HDF5 files are compressed; nil where datasets lie in one piece.
    public var compression: HDF5Compression?
    /// What HDF5 files are the weights of; nil where they are files of their own.
    public var envelope: KerasEnvelope?

    public init(
      threads: Int, memory: Int = 512 << 20, overwrite: Bool = false, compression: HDF5Compression? = nil,
      envelope: KerasEnvelope? = nil
    ) {
      self.threads = threads
      self.memory = memory
      self.overwrite = overwrite
      self.compression = compression
      self.envelope = envelope
    }
  }

  /// Writes `source` to `path`, a file or a folder by what it is.
  /// - Parameter progress: is told of bytes done, from any thread.
  /// - Returns: the bytes of each file as it was written.
  /// - Throws: what reading throws; `cannotCreate` and `inputOutput` for the output, of which nothing is left behind then.
  @discardableResult public static func write(
    _ source: PackSource, to path: String, _ options: Options, progress: @Sendable (Int) -> Void = { _ in }
  ) throws(ModelError) -> [Int] {
    guard source.isFolder else {
      let output = try within(path) { () throws(ModelError) in
        try OutputFile(path: path, overwrite: options.overwrite)
      }
      return [try write(source, file: 0, to: output, place: path, options, progress)]
    }
    let folder = try within(path) { () throws(ModelError) in try OutputFolder(path: path) }
    var byteCounts: [Int] = []
    for (number, file) in source.files.enumerated() {
      let output = try within(path) { () throws(ModelError) in try folder.file(file.path, mode: file.mode) }
      byteCounts.append(try write(source, file: number, to: output, place: path, options, progress))
    }
    try within(path) { () throws(ModelError) in try folder.finish() }
    return byteCounts
  }

  private static func write(
    _ source: PackSource, file: Int, to output: any PositionalOutput, place: String, _ options: Options,
    _ progress: @Sendable (Int) -> Void
  ) throws(ModelError) -> Int {
    guard let envelope = options.envelope, source.files[file].laidOutMetadata != nil else {
      return try writeModel(source, file: file, to: output, place: place, options, progress)
    }
    let archive = KerasArchiveOutput(output, envelope, most: source.files[file].byteCount)
    _ = try writeModel(source, file: file, to: archive, place: place, options, progress)
    return archive.byteCount
  }

  private static func writeModel(
    _ source: PackSource, file: Int, to output: any PositionalOutput, place: String, _ options: Options,
    _ progress: @Sendable (Int) -> Void
  ) throws(ModelError) -> Int {
    let compressed = options.compression.flatMap {
      CompressedFileWriting(source, file: file, $0, output: output, place: place)
    }
    if let compressed { return try compressed.run(options, progress) }
    try FileWriting(source, file: file, output: output, place: place).run(options, progress)
    return source.files[file].byteCount
  }
}

/// One file on its way to the disk.
private struct FileWriting: Sendable {
  /// A part of the file that is written chunk by chunk.
  private struct Part {
    var grid: ChunkGrid
    /// Where the grid's first byte lies in the file.
    var start: Int
    /// The tensor of the image that the part is.
    var tensor: Int?
  }

  private let source: PackSource
  private let file: Int
  private let output: any PositionalOutput
  /// How errors of the output name it.
  private let place: String
  private let parts: [Part]

  init(_ source: PackSource, file: Int, output: any PositionalOutput, place: String) throws(ModelError) {
    self.source = source
    self.file = file
    self.output = output
    self.place = place
    var parts: [Part] = []
    if case .image(let image) = source.files[file].content {
      parts.append(Part(grid: try Self.bytes(image.headerBytes.count), start: 0))
      for (number, tensor) in image.layout.tensors.enumerated() {
        let grid = image.model.grid(of: image.sources[number])
        parts.append(Part(grid: grid, start: tensor.range.lowerBound, tensor: number))
      }
    } else {
      parts.append(Part(grid: try Self.bytes(source.files[file].byteCount), start: 0))
    }
    self.parts = parts
  }

  private static func bytes(_ count: Int) throws(ModelError) -> ChunkGrid {
    ChunkGrid(try TensorInfo(name: "", dtype: .u8, shape: [count]))
  }

  func run(_ options: FileWriter.Options, _ progress: @Sendable (Int) -> Void) throws(ModelError) {
    let byteCount = source.files[file].byteCount
    if let free = output.freeBytes, free < byteCount {
      throw ModelError(.inputOutput, "needs \(byteCount) bytes, the disk has \(free)").inside(place)
    }
    try within(place) { () throws(ModelError) in try output.setByteCount(byteCount) }
    let items = ItemIndex(parts.map(\.grid.count))
    // What layers hold of a chunk: the one that is lent, and the one that it was made of.
    let largest = 2 * (parts.map(\.grid.largestChunkBytes).max() ?? 0)
    try Pump.run(
      items: items.count,
      threads: WorkerBudget.decoders(options.threads, memory: options.memory, chunkBytes: largest),
      makeWorker: { () throws(ModelError) in PackSourceSession(source) },
      work: { (session, item) throws(ModelError) in
        let (part, chunk) = items[item]
        try write(parts[part], parts[part].grid.bytes(ofChunk: chunk), session)
        progress(parts[part].grid.bytes(ofChunk: chunk).count)
      })
    try source.files[file].demandUnchanged()
    try within(place) { () throws(ModelError) in try output.finish() }
  }

  private func write(_ part: Part, _ range: Range<Int>, _ session: PackSourceSession) throws(ModelError) {
    // What is not written reads as zeros.
    if try isZeros(part, range, session) { return }
    let inFile = (part.start + range.lowerBound)..<(part.start + range.upperBound)
    let failure: ModelError? = try session.withBytes(of: file, inFile) { bytes in
      do throws(ModelError) { try output.write(bytes, at: inFile.lowerBound) } catch { return error }
      return nil
    }
    // The output's failure has no place in the input.
    if let failure { throw failure.inside(place) }
    session.release(of: file, inFile)
  }

  /// Whether the model knows, without reading, that all of a chunk is zeros.
  private func isZeros(_ part: Part, _ range: Range<Int>, _ session: PackSourceSession) throws(ModelError) -> Bool {
    guard let tensor = part.tensor, case .image(let image) = source.files[file].content else { return false }
    let block = try within(image.model.path) { () throws(ModelError) in
      try within("tensor '\(image.layout.tensors[tensor].info.name)'") { () throws(ModelError) in
        try session.session(of: image.model).repeatedBlock(of: image.sources[tensor], range)
      }
    }
    return block?.allSatisfy { $0 == 0 } == true
  }
}
