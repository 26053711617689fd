public import ByteStore
public import TensorModel

/// Rebuilds the files of a packed file, byte for byte.
public enum Unpacker {
  public struct Options: Sendable {
    public var threads: Int
    public var memory: Int
    /// How many times larger than the packed file its content may be.
    public var maximumExpansion: Int
    public var overwrite: Bool

    public init(
      threads: Int, memory: Int = 512 << 20, maximumExpansion: Int = Limits().expansion, overwrite: Bool = false
    ) {
      self.threads = threads
      self.memory = memory
      self.maximumExpansion = maximumExpansion
      self.overwrite = overwrite
    }
  }

  /// Writes the file, or the folder, that `packed` holds to `path`.
  /// - Parameter progress: is told of dense bytes done, from any thread.
  /// - Throws: `malformed` where something stored does not hold, `missing` where it needs a base and was opened without, `cannotCreate` and `inputOutput` for the output; nothing
  ///   is left behind then.
  public static func unpack(
    _ packed: PackedFile, to path: String, _ options: Options, progress: @Sendable (Int) -> Void = { _ in }
  ) throws(ModelError) {
    try demandRebuildable(packed, options)
    guard packed.isFolder else {
      let output = try within(path) { () throws(ModelError) in
        try OutputFile(path: path, overwrite: options.overwrite)
      }
      return try rebuild(packed, into: output, options, progress)
    }
    let folder = try within(path) { () throws(ModelError) in try OutputFolder(path: path) }
    for (number, file) in packed.index.files.enumerated() {
      let output = try within(path) { () throws(ModelError) in try folder.file(file.path, mode: file.mode) }
      try FileRebuild(packed, number, options).run(into: output, progress)
      try within(path) { () throws(ModelError) in try output.finish() }
    }
    try within(path) { () throws(ModelError) in try folder.finish() }
  }

  /// Writes the one file that `packed`, which is no folder, holds to `output`, and finishes it.
  public static func unpack(
    _ packed: PackedFile, into output: any PositionalOutput, _ options: Options,
    progress: @Sendable (Int) -> Void = { _ in }
  ) throws(ModelError) {
    precondition(!packed.isFolder)
    try demandRebuildable(packed, options)
    try rebuild(packed, into: output, options, progress)
  }

  /// What must hold before anything is written.
  private static func demandRebuildable(_ packed: PackedFile, _ options: Options) throws(ModelError) {
    try within(packed.path) { () throws(ModelError) in
      try packed.demandBelief(options.maximumExpansion)
      try packed.demandBase()
      try packed.demandTransforms()
    }
  }

  private static func rebuild(
    _ packed: PackedFile, into output: any PositionalOutput, _ options: Options, _ progress: @Sendable (Int) -> Void
  ) throws(ModelError) {
    try FileRebuild(packed, 0, options).run(into: output, progress)
    try within(output.path) { () throws(ModelError) in try output.finish() }
  }
}
