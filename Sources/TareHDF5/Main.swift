import Glibc
import HDF5Protocol
import TensorModel

/// `tare-hdf5 FILE [FROM TO]`: answers what `tare` asks of an HDF5 file, over standard input and output (`formats/hdf5.md`).
@main
struct Main {
  static func main() {
    guard let arguments = Arguments(CommandLine.arguments), isatty(0) == 0 else {
      print("tare-hdf5 reads HDF5 files for tare, which starts it: there is nothing to do here by hand.")
      exit(EX_USAGE)
    }
    ResourceLimits.apply()
    Library.restrict()
    let channel = Channel()
    var hello = ByteWriter()
    HDF5Hello(version: HDF5Frame.version, library: Library.version).write(to: &hello)
    channel.send(.hello, hello.bytes)
    do throws(HDF5Failure) {
      try serve(arguments, channel)
    } catch {
      channel.send(error)
    }
    // Without the library's own end, which some files bring down.
    _exit(0)
  }

  private static func serve(_ arguments: Arguments, _ channel: Channel) throws(HDF5Failure) {
    // To open the file, too, is worth no more time than the first request.
    guard var request = try nextRequest(channel) else { return }
    let file = try File(path: arguments.path, window: arguments.window)
    while true {
      try answer(request, file, channel)
      guard let next = try nextRequest(channel) else { return }
      request = next
    }
  }

  private static func nextRequest(_ channel: Channel) throws(HDF5Failure) -> Request? {
    guard let (kind, payload) = channel.next() else { return nil }
    let request = try Request(kind, payload)
    ResourceLimits.allow(seconds: request.seconds)
    return request
  }

  private static func answer(
    _ request: Request, _ file: borrowing File, _ channel: Channel
  ) throws(HDF5Failure) {
    switch request.what {
    case .catalogue:
      var walk = TreeWalk(channel, file.raw)
      try walk.run(file.value)
    case .chunk(let chunk):
      do throws(HDF5Failure) {
        channel.send(.bytes, try ChunkDecoder(file: file.value).decode(chunk))
      } catch {
        channel.send(error)
      }
    }
  }
}

/// Which file it is about.
private struct Arguments {
  let path: String
  /// The part of it that is an HDF5 file; nil where all of it is.
  var window: Range<UInt64>?

  init?(_ words: [String]) {
    guard words.count == 2 || words.count == 4 else { return nil }
    path = words[1]
    guard words.count == 4 else { return }
    guard let start = UInt64(words[2]), let end = UInt64(words[3]), start <= end else { return nil }
    window = start..<end
  }
}

/// What the parent asks for.
private struct Request {
  enum What {
    case catalogue
    case chunk(HDF5ChunkRequest)
  }

  let what: What
  /// How much processor time it is worth.
  let seconds: Int

  init(_ kind: HDF5Frame, _ payload: [UInt8]) throws(HDF5Failure) {
    do throws(ModelError) {
      var cursor = unsafe ByteCursor(payload.span.bytes)
      seconds = try cursor.varint("seconds")
      switch kind {
      case .wantsCatalogue: what = .catalogue
      case .wantsChunk: what = .chunk(try HDF5ChunkRequest(&cursor))
      default: throw ModelError(.malformed, "a request of kind \(kind)")
      }
    } catch {
      throw HDF5Failure(.malformed, error.message)
    }
  }
}
