import Encodings
import Kernels
import TensorModel

@testable import Packing

/// A packed file taken apart, to be put together with lengths and checksums that fit whatever was changed.
struct MendableFile {
  /// What an entry stores.
  struct Body {
    var entry: Int
    var shared: [[UInt8]]
    var chunks: [[UInt8]]
    var directory: EntryDirectory
    /// Written in the place of `directory`.
    var spoiledDirectory: [UInt8]?
  }

  var index: PackedIndex
  var bodies: [Body]

  /// - Throws: what the readers throw: only a file whose index and directories are sound can be taken apart.
  init(_ file: [UInt8]) throws(ModelError) {
    let outside = try Outside(file)
    let start = outside.header.count
    index = try unsafe PackedIndex.parse(
      outside.index.span.bytes, origin: 0, body: start..<(start + outside.body.count), needsBase: nil,
      limits: Limits())
    bodies = []
    for (number, entry) in index.entries.enumerated() where entry.role != .alias {
      let stored = Array(file[entry.place.range])
      let directory = try EntryDirectory.parse(
        unsafe file.span.bytes.extracting(entry.place.directory), of: entry, origin: 0)
      bodies.append(
        Body(
          entry: number, shared: directory.shared.map { Array(stored[$0.body]) },
          chunks: (0..<directory.grid.count).map { Array(stored[directory.storedBytes(ofChunk: $0)]) },
          directory: directory))
    }
  }

  /// The file with a sound outside, every checksum mended: also those of dense bytes where a chunk decodes, and the digests
  /// of files where all of theirs do.
  mutating func encoded() -> [UInt8] {
    var content: [UInt8] = []
    var dense: [Int: [[UInt8]]] = [:]
    let start = Outside.headerBytes
    for number in bodies.indices {
      let offset = start + content.count
      let decoded = bodies[number].mend(index.encodings)
      let body = bodies[number]
      dense[body.entry] = decoded
      let directory = body.spoiledDirectory ?? body.directory.encoded()
      content += body.shared.joined()
      content += body.chunks.joined()
      content += directory
      index.entries[body.entry].place = PackedIndex.Place(
        offset: offset, storedBytes: start + content.count - offset, directoryBytes: directory.count,
        directoryHash: XXH3.hash(directory))
    }
    for number in index.files.indices {
      if let digest = digest(of: index.files[number], dense) { index.files[number].digest = digest }
    }
    return Outside(body: content, index: index.encoded()).encoded()
  }

  private func digest(of file: PackedIndex.File, _ dense: [Int: [[UInt8]]]) -> UInt64? {
    var digest = FileDigest()
    for operation in file.operations {
      var range = 0..<operation.byteCount(in: index.entries)
      if case .bytes(_, let part) = operation { range = part }
      guard let chunks = dense[index.entries[operation.entry].holder] else { return nil }
      var position = 0
      for chunk in chunks {
        let part = (position..<(position + chunk.count)).clamped(to: range)
        let piece = Array(chunk[(part.lowerBound - position)..<(part.upperBound - position)])
        digest.append(byteCount: piece.count, hash: XXH3.hash(piece))
        position += chunk.count
      }
    }
    return digest.value
  }
}

nonisolated(unsafe) private let workspace = DecodingWorkspace()

extension MendableFile.Body {
  /// Makes the directory fit the streams and chunks as they are now.
  /// - Returns: the dense bytes of the chunks; nil where one of them does not decode.
  fileprivate mutating func mend(_ encodings: [String]) -> [[UInt8]]? {
    var position = 0
    for number in shared.indices {
      directory.shared[number].body = position..<(position + shared[number].count)
      if !directory.shared[number].isCompressed { directory.shared[number].byteCount = shared[number].count }
      directory.shared[number].hash = XXH3.hash(shared[number])
      position += shared[number].count
    }
    let streams = sharedStreams()
    directory.chunkStarts = [position]
    var dense: [[UInt8]]? = []
    for number in chunks.indices {
      position += chunks[number].count
      directory.chunkStarts.append(position)
      let stored = chunks[number]
      directory.storedHashes[number] = unsafe EntryDirectory.storedHash(stored.span.bytes)
      let decoded = streams.flatMap { decode(number, encodings, $0) }
      if let decoded { directory.denseHashes[number] = XXH3.hash(decoded) }
      dense = decoded.flatMap { decoded in dense.map { $0 + [decoded] } }
    }
    return dense
  }

  private func sharedStreams() -> SharedStreams? {
    var streams: [[UInt8]] = []
    for (stream, stored) in zip(directory.shared, shared) {
      let decoded =
        stream.isCompressed
        ? try? FrameCodec.decompressed(unsafe stored.span.bytes, byteCount: stream.byteCount) : stored
      guard let decoded else { return nil }
      streams.append(decoded)
    }
    return SharedStreams(streams)
  }

  /// The dense bytes of a chunk that is not too large.
  func decode(_ chunk: Int, _ encodings: [String], _ shared: SharedStreams) -> [UInt8]? {
    let count = directory.grid.bytes(ofChunk: chunk).count
    guard count <= 1 << 17 else { return nil }
    // Decoders want eight bytes' alignment.
    var words = [UInt64](repeating: 0, count: (count + 7) / 8)
    let isDone: Void? = try? unsafe words.withUnsafeMutableBytes { target in
      try unsafe chunks[chunk].withUnsafeBytes { stored in
        try unsafe ChunkCodec.decode(
          stored, at: directory.grid.bytes(ofChunk: chunk).lowerBound, names: encodings, shared: shared,
          into: UnsafeMutableRawBufferPointer(rebasing: target[..<count]),
          workspace)
      }
    }
    guard isDone != nil else { return nil }
    return unsafe words.withUnsafeBytes { unsafe Array($0.prefix(count)) }
  }
}
