internal import ByteStore
internal import Foundation
internal import MemoryModel
internal import TensorModel
import Testing

@testable internal import Containers

@Suite struct ZipArchiveTests {
  private static let content = Array("weights of a model".utf8)

  private func parse(_ file: [UInt8]) throws(ModelError) -> ZipArchive { try ZipArchive.parse(file.rawSpan) }

  private func path(_ name: String) -> String { "\(testdata)/hostile/zip/\(name)" }

  @Test func theGalleryIsReadAsItsTableSays() throws {
    let rows = try table("hostile/zip/expected.tsv")
    for row in rows where row[1] == "ok" {
      #expect(throws: Never.self, "\(row[0])") { try parse(fileBytes(path(row[0]))) }
    }
    for row in rows where row[1] == "malformed" || row[1] == "unsupported" {
      let error = #expect(throws: ModelError.self, "\(row[0])") { try parse(fileBytes(path(row[0]))) }
      #expect(error?.code.rawValue == row[1], "\(row[0])")
      #expect(error?.description.hasPrefix(row[2]) == true, "\(row[0]): \(error?.description ?? "")")
    }
    let files = try FileManager.default.contentsOfDirectory(atPath: path("")).filter { $0.hasSuffix(".zip") }
    #expect(files.sorted() == rows.map { $0[0] }.sorted())
  }

  @Test func membersThatDoNotHoldWhatTheyClaimAreRefused() throws {
    for row in try table("hostile/zip/expected.tsv") where row[1] == "content" {
      let map = try MappedFile(path: path(row[0]))
      let member = try #require(try parse(fileBytes(path(row[0]))).members.first)
      let read = #expect(throws: ModelError.self, "\(row[0])") { try member.contents(in: map, limit: 1 << 20) }
      let extracted = #expect(throws: ModelError.self, "\(row[0])") {
        try member.extracted(from: map, expansion: 1000)
      }
      #expect(extracted?.description == row[2], "\(row[0])")
      #expect(row[0] == "bomb.zip" || read?.description == row[2], "\(row[0])")
    }
  }

  @Test(arguments: ["stored", "deflated", "descriptor", "zip64", "utf8_name", "gaps"])
  func soundMembersComeBack(name: String) throws {
    let map = try MappedFile(path: path("\(name).zip"))
    for member in try parse(fileBytes(path("\(name).zip"))).members {
      #expect(try member.contents(in: map, limit: 18) == Self.content)
      #expect(throws: ModelError.self) { try member.contents(in: map, limit: 17) }
      let temporary = try member.extracted(from: map, expansion: 2)
      let file = try MappedFile(path: temporary.path)
      #expect(try file.withBytes(0..<file.byteCount) { unsafe $0.withUnsafeBytes { unsafe Array($0) } } == Self.content)
      if member.method == .stored {
        #expect(try map.withBytes(member.range) { unsafe $0.withUnsafeBytes { unsafe Array($0) } } == Self.content)
      }
    }
  }

  /// Members in zip64 fields and without, and the directory behind them.
  @Test(arguments: [false, true])
  func whatIsWrittenIsReadBack(isWide: Bool) throws {
    var file: [UInt8] = []
    var members: [ZipStoredMember] = []
    for name in ["a", "assets/ü", "empty"] {
      let content = name == "empty" ? [] : Self.content
      var member = ZipStoredMember(name: name, offset: file.count, isWide: isWide)
      let headerBytes = member.localHeader.count
      (member.byteCount, member.crc32) = (content.count, crc32(content))
      #expect(member.localHeader.count == headerBytes)
      file += member.localHeader + content
      members.append(member)
    }
    let end = file.count
    file += ZipText.directory(members, at: end)
    let archive = try parse(file)
    #expect(archive.members.map(\.name) == members.map(\.name))
    for (found, member) in zip(archive.members, members) {
      #expect(found.byteCount == member.byteCount && found.crc32 == member.crc32 && found.method == .stored)
      #expect(found.range.lowerBound == member.offset + member.localHeader.count)
    }
  }

  private func crc32(_ bytes: [UInt8]) -> UInt32 {
    ~bytes.reduce(UInt32.max) { sum, byte in
      (0..<8).reduce(sum ^ UInt32(byte)) { sum, _ in sum >> 1 ^ (sum & 1 == 1 ? 0xEDB8_8320 : 0) }
    }
  }

  @Test func foldersAreNoMembers() throws {
    let archive = try parse(fileBytes(path("folders.zip")))
    #expect(archive.members.map(\.name) == ["assets/a"])
    #expect(archive["assets/a"]?.byteCount == 18)
    #expect(archive["assets"] == nil)
  }

  @Test func aLargeMemberIsExtractedPieceByPiece() throws {
    // 5 MiB that deflate makes 1 % of, some pieces of the buffer.
    let python = "import sys,zipfile;z=zipfile.ZipFile(sys.argv[1],'w',8);z.writestr('a',bytes(range(251))*20888)"
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("tare-zip-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let zip = folder.appendingPathComponent("a.zip").path
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["python3", "-c", python, zip]
    try process.run()
    process.waitUntilExit()
    let map = try MappedFile(path: zip)
    let member = try #require(try parse(fileBytes(zip)).members.first)
    let temporary = try member.extracted(from: map, expansion: 1000)
    let file = try MappedFile(path: temporary.path)
    #expect(file.byteCount == 251 * 20888)
    try file.withBytes(0..<file.byteCount) { bytes in
      let isSound = (0..<file.byteCount).allSatisfy {
        unsafe bytes.unsafeLoad(fromByteOffset: $0, as: UInt8.self) == $0 % 251
      }
      #expect(isSound)
    }
  }

  @Test func everyTruncationIsRefused() throws {
    for name in ["stored", "zip64", "folders"] {
      let file = try fileBytes(path("\(name).zip"))
      for count in 0..<file.count {
        #expect(throws: ModelError.self, "\(name), \(count) bytes") { try parse(Array(file[..<count])) }
      }
    }
  }

  @Test func flippedBitsAreReadOrRefused() throws {
    for name in ["stored", "zip64", "folders", "descriptor"] {
      let file = try fileBytes(path("\(name).zip"))
      for index in file.indices {
        for bit in 0..<8 {
          var flipped = file
          flipped[index] ^= 1 << UInt8(bit)
          let members = (try? parse(flipped).members) ?? []
          #expect(members.allSatisfy { $0.range.upperBound <= file.count })
        }
      }
    }
  }
}
