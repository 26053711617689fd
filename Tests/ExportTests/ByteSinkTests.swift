import ByteStore
import Export
import Foundation
import TensorModel
import Testing

@Suite struct ByteSinkTests {
  private func write(_ text: String, to sink: any ByteSink) throws(ModelError) {
    let bytes = Array(text.utf8)
    try sink.write(unsafe bytes.span.bytes)
  }

  @Test func aFileHoldsThePiecesInOrder() throws {
    let path = FileManager.default.temporaryDirectory.path + "/tare-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: path) }
    let file = try OutputFile(path: path)
    let sink = FileSink(file)
    for piece in ["one ", "", "two"] { try write(piece, to: sink) }
    #expect(sink.byteCount == 7)
    try file.finish()
    #expect(FileManager.default.contents(atPath: path) == Data("one two".utf8))
  }

  @Test func aDescriptorTakesAllBytesAndStaysOpen() throws {
    let pipe = Pipe()
    let sink = DescriptorSink(pipe.fileHandleForWriting.fileDescriptor)
    for piece in ["one ", "", "two"] { try write(piece, to: sink) }
    try pipe.fileHandleForWriting.close()
    #expect(try pipe.fileHandleForReading.readToEnd() == Data("one two".utf8))
  }

  @Test func aFullDiskIsAnErrorOfOutput() throws {
    let full = try #require(FileHandle(forWritingAtPath: "/dev/full"))
    let error = #expect(throws: ModelError.self) { try self.write("x", to: DescriptorSink(full.fileDescriptor)) }
    #expect(error?.code == .inputOutput)
    #expect(error?.message == "writing failed: No space left on device")
  }
}
