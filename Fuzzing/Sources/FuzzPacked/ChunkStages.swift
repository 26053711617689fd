import Encodings
import FuzzSupport
import TensorModel

/// A stored chunk taken apart, its streams decoded, so that what they hold can be changed rather than a frame around it.
struct ChunkStages {
  private struct Stage {
    var encoding: Int
    var parameters: [UInt8]
    var streams: [[UInt8]]
  }

  private var stages: [Stage]

  init(_ chunk: [UInt8], denseBytes: Int) throws(ModelError) {
    let parsed = try StoredChunk(unsafe chunk.span.bytes, denseBytes: denseBytes)
    stages = []
    for stage in [parsed.mask, parsed.value] {
      var streams: [[UInt8]] = []
      for stream in stage.streams {
        let body = Array(chunk[stream.body])
        guard stream.byteCount <= 1 << 20 else { throw ModelError(.malformed, "a large stream") }
        streams.append(
          stream.isCompressed
            ? try FrameCodec.decompressed(unsafe body.span.bytes, byteCount: stream.byteCount) : body)
      }
      stages.append(Stage(encoding: stage.encoding, parameters: stage.parameters, streams: streams))
    }
  }

  /// Changes one stream, or the parameters or the encoding of a stage, or drops or repeats a stream.
  mutating func change(_ choices: inout Choices) {
    let stage = Int.random(in: 0..<2, using: &choices)
    let stream = stages[stage].streams.indices.randomElement(using: &choices)
    switch Int.random(in: 0..<8, using: &choices) {
    case 0: stages[stage].encoding = Int.random(in: 0..<10, using: &choices)
    case 1, 2: stages[stage].parameters = mutated(stages[stage].parameters, extra: 2)
    case 3:
      guard let stream else { return stages[stage].streams.append([]) }
      if Bool.random(using: &choices) {
        stages[stage].streams.remove(at: stream)
      } else {
        stages[stage].streams.insert(stages[stage].streams[stream], at: stream)
      }
    default:
      if let stream { stages[stage].streams[stream] = mutated(stages[stage].streams[stream]) }
    }
  }

  /// The chunk with its streams as they are, none compressed.
  func encoded() -> [UInt8] {
    var writer = ByteWriter()
    for stage in stages {
      writer.varint(stage.encoding)
      writer.varint(stage.parameters.count)
      writer.append(stage.parameters)
      writer.varint(stage.streams.count)
      for stream in stage.streams {
        writer.byte(0)
        writer.varint(stream.count)
      }
    }
    for stage in stages { writer.append(stage.streams.joined()) }
    return writer.bytes
  }
}
