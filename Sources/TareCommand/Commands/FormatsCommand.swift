import ArgumentParser
import TensorModel

/// `tare formats`
struct FormatsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "formats",
    abstract: "Lists the containers, data types and encodings that this build reads and writes.")

  @OptionGroup var output: JSONOption
  @OptionGroup var color: ColorOption

  func run() throws {
    try StandardOutput.shared.write(output.json ? json : text(color.style))
  }

  private func text(_ style: TextStyle) -> String {
    let containers = FormatsTable.containers.map {
      [$0.name, $0.reads ? "reads" : "", $0.writes ? "writes" : "", $0.description]
    }
    let dtypes = DType.all.map { ["\($0.name)", "\($0.elementBits) bits", $0.kindText] }
    let encodings = FormatsTable.encodings.map { [$0.id, $0.stage, $0.description] }
    return [("Containers", containers), ("Data types", dtypes), ("Encodings", encodings)]
      .map { title, rows in style.bold(title) + "\n" + alignedRows(rows, indent: "  ") }
      .joined(separator: "\n")
  }

  private var json: String {
    var json = JSONText()
    json.object { json in
      json.string("tare", toolVersion)
      json.array("containers") { json in
        for container in FormatsTable.containers {
          json.object { json in
            json.string("name", container.name)
            json.bool("reads", container.reads)
            json.bool("writes", container.writes)
            json.string("description", container.description)
          }
        }
      }
      json.array("dtypes") { json in
        for dtype in DType.all {
          json.object { json in
            json.string("name", dtype.name)
            json.integer("bits", dtype.elementBits)
            json.string("kind", dtype.kindText)
          }
        }
      }
      json.array("encodings") { json in
        for encoding in FormatsTable.encodings {
          json.object { json in
            json.string("id", encoding.id)
            json.string("stage", encoding.stage)
            json.string("description", encoding.description)
          }
        }
      }
    }
    return json.text + "\n"
  }
}

/// Rows of cells as lines, columns aligned to the left and two spaces apart.
private func alignedRows(_ rows: [[String]], indent: String) -> String {
  let columns = rows.map(\.count).max() ?? 0
  let widths = (0..<columns).map { column in
    rows.map { $0.indices.contains(column) ? $0[column].count : 0 }.max() ?? 0
  }
  return rows.map { row in
    let cells = zip(row, widths).map { cell, width in cell + String(repeating: " ", count: width - cell.count) }
    var line = indent + cells.joined(separator: "  ")
    while line.last == " " { line.removeLast() }
    return line + "\n"
  }.joined()
}
