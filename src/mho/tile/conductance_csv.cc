// SPDX-FileCopyrightText: The mho authors
// SPDX-License-Identifier: Apache-2.0
#include "mho/tile/conductance_csv.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>
#include <optional>

#include "mho/io/file.h"
#include "mho/io/scan.h"
#include "mho/util/error.h"

namespace mho {
namespace {

constexpr std::string_view kHeader = "tile_row,tile_col,slice,row,column,g_us";
constexpr std::array<std::string_view, 6> kColumns = {
    "tile_row", "tile_col", "slice", "row", "column", "g_us"};
// Noise may lift a cell above g_max, but not by this much: then the file has another unit.
constexpr double kPlausibleFactor = 10.0;
// A layer with more devices than this does not fit a text file.
constexpr uint64_t kMaxConductanceFile = uint64_t{4} << 30;

void append_tile(const Tile& tile, size_t tile_row, size_t tile_col, std::string& text) {
    const std::vector<Matrix<float>> slices = tile.conductances_us();
    std::array<char, 32> number;
    for (size_t s = 0; s < slices.size(); s++) {
        for (size_t i = 0; i < slices[s].rows; i++) {
            for (size_t j = 0; j < slices[s].cols; j++) {
                const auto end =
                    std::to_chars(number.data(), number.data() + number.size(), slices[s](i, j))
                        .ptr;
                fmt::format_to(
                    std::back_inserter(text),
                    "{},{},{},{},{},{}\n",
                    tile_row,
                    tile_col,
                    s,
                    i,
                    j,
                    std::string_view(number.data(), static_cast<size_t>(end - number.data())));
            }
        }
    }
}

// Straight to float: by way of double a value could be rounded twice.
std::optional<float> parse_float(std::string_view text) {
    float value = 0;
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc{} && stop == text.data() + text.size() ? std::optional(value)
                                                                     : std::nullopt;
}

// The devices of some tiles, NaN where a line is still missing.
class Receiver {
  public:
    Receiver(std::vector<Tile*> tiles, size_t tile_cols, const std::string& origin)
        : tiles_(std::move(tiles)), tile_cols_(tile_cols), origin_(origin) {
        slices_ = tiles_[0]->devices();
        high_us_ = kPlausibleFactor * tiles_[0]->g_max_us();
        low_us_ = tiles_[0]->g_min_us() < 0 ? -high_us_ : 0.0;
        for (const Tile* tile : tiles_) {
            if (!tile->is_programmed()) {
                throw InputError(
                    "conductances need programmed tiles (their targets give the scale of the "
                    "weights): call program() first");
            }
            values_.emplace_back(slices_,
                                 Matrix<float>(tile->outputs(), tile->inputs(), std::nanf("")));
        }
    }

    void parse(std::string_view text) {
        LineScanner lines(text);
        std::string_view line;
        bool header = true;
        while (lines.next(line)) {
            if (trim(line).empty()) {
                continue;
            }
            line_ = lines.number();
            const std::vector<std::string_view> fields = split(line, ',');
            if (header) {
                if (!std::equal(fields.begin(), fields.end(), kColumns.begin(), kColumns.end())) {
                    fail(fmt::format("the header must be `{}`, got `{}`", kHeader, excerpt(line)));
                }
                header = false;
                continue;
            }
            take(fields);
        }
        if (header) {
            throw IoError(
                fmt::format("`{}` is empty; the header `{}` was expected", origin_, kHeader));
        }
        require_complete();
    }

    void give() {
        for (size_t t = 0; t < tiles_.size(); t++) {
            tiles_[t]->set_conductances_us(values_[t]);
        }
    }

  private:
    [[noreturn]] void fail(const std::string& message) const {
        throw IoError(fmt::format("`{}`, line {}: {}", origin_, line_, message));
    }

    size_t index(const std::vector<std::string_view>& fields, size_t column, size_t count) const {
        const std::optional<uint64_t> number = parse_index(fields[column]);
        if (!number) {
            fail(fmt::format("{} must be a whole number from 0, got `{}`",
                             kColumns[column],
                             excerpt(fields[column])));
        }
        if (*number >= count) {
            fail(fmt::format("{} must be 0 to {}, got {}", kColumns[column], count - 1, *number));
        }
        return *number;
    }

    void take(const std::vector<std::string_view>& fields) {
        if (fields.size() != kColumns.size()) {
            fail(fmt::format("{} columns expected, got {}", kColumns.size(), fields.size()));
        }
        const size_t tile_row = index(fields, 0, tiles_.size() / tile_cols_);
        const size_t tile_col = index(fields, 1, tile_cols_);
        const size_t tile = tile_row * tile_cols_ + tile_col;
        Matrix<float>& slice = values_[tile][index(fields, 2, slices_)];
        const size_t row = index(fields, 3, slice.rows);
        const size_t column = index(fields, 4, slice.cols);
        const std::optional<float> g = parse_float(fields[5]);
        if (!g) {
            fail(fmt::format("g_us must be a number, got `{}`", excerpt(fields[5])));
        }
        if (!(*g >= low_us_ && *g <= high_us_)) {
            fail(
                fmt::format("g_us must be {} to {} uS, ten times the largest conductance of the "
                            "converter, got {} (is it in another unit?)",
                            low_us_,
                            high_us_,
                            *g));
        }
        if (!std::isnan(slice(row, column))) {
            fail("this device already had a line");
        }
        slice(row, column) = *g;
    }

    void require_complete() const {
        for (size_t t = 0; t < tiles_.size(); t++) {
            for (size_t s = 0; s < slices_; s++) {
                const Matrix<float>& slice = values_[t][s];
                for (size_t k = 0; k < slice.values.size(); k++) {
                    if (std::isnan(slice.values[k])) {
                        throw IoError(fmt::format(
                            "`{}` has no line for tile_row {}, tile_col {}, slice {}, row {}, "
                            "column {} (last line: {})",
                            origin_,
                            t / tile_cols_,
                            t % tile_cols_,
                            s,
                            k / slice.cols,
                            k % slice.cols,
                            line_));
                    }
                }
            }
        }
    }

    std::vector<Tile*> tiles_;
    size_t tile_cols_;
    std::string origin_;
    size_t slices_ = 0;
    double low_us_ = 0;
    double high_us_ = 0;
    size_t line_ = 0;
    std::vector<std::vector<Matrix<float>>> values_;
};

void receive(std::string_view text, Receiver receiver) {
    receiver.parse(text);
    receiver.give();
}

}  // namespace

std::string format_conductances(const Tile& tile) {
    std::string text = std::string(kHeader) + "\n";
    append_tile(tile, 0, 0, text);
    return text;
}

std::string format_conductances(const TileGrid& grid) {
    std::string text = std::string(kHeader) + "\n";
    for (size_t r = 0; r < grid.output_pieces(); r++) {
        for (size_t c = 0; c < grid.input_pieces(); c++) {
            append_tile(grid.tile(r, c), r, c, text);
        }
    }
    return text;
}

void write_conductances(const std::string& path, const Tile& tile) {
    write_file_atomically(path, format_conductances(tile));
}

void write_conductances(const std::string& path, const TileGrid& grid) {
    write_file_atomically(path, format_conductances(grid));
}

void parse_conductances(std::string_view text, const std::string& origin, Tile& tile) {
    receive(text, Receiver({&tile}, 1, origin));
}

void parse_conductances(std::string_view text, const std::string& origin, TileGrid& grid) {
    std::vector<Tile*> tiles;
    for (size_t r = 0; r < grid.output_pieces(); r++) {
        for (size_t c = 0; c < grid.input_pieces(); c++) {
            tiles.push_back(&grid.tile(r, c));
        }
    }
    receive(text, Receiver(std::move(tiles), grid.input_pieces(), origin));
}

void read_conductances(const std::string& path, Tile& tile) {
    parse_conductances(read_maybe_compressed(path, kMaxConductanceFile), path, tile);
}

void read_conductances(const std::string& path, TileGrid& grid) {
    parse_conductances(read_maybe_compressed(path, kMaxConductanceFile), path, grid);
}

}  // namespace mho
