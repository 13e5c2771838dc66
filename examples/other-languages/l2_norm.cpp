// An estimator for nas-assay in C++17: the sum over convolutions and linear layers of the L2 norm of their weights.
//
//     c++ -std=c++17 -O2 -o l2_norm l2_norm.cpp
//     nas-assay verify --command ./l2_norm --name my_l2_norm
//
// It reads lines of JSON from stdin and answers each by a line (PROTOCOL.md of the crate nas-assay-external). The weights are in the file
// that a question names: eight bytes with the length of a header, the header as JSON, then the numbers of all tensors (safetensors). The
// machine has to be little-endian, as the file is.

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iostream>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

// A JSON value. Only the member of its kind is used.
struct Json {
    enum Kind { Null, Bool, Number, String, Array, Object } kind = Null;
    double number = 0;
    std::string string;
    std::vector<Json> items;
    std::map<std::string, Json> members;

    const Json& at(const std::string& key) const {
        auto found = members.find(key);
        if (kind != Object || found == members.end()) throw std::runtime_error("no key " + key);
        return found->second;
    }

    const std::string& text() const {
        if (kind != String) throw std::runtime_error("not a text");
        return string;
    }

    // A whole number from 0 that a double has exactly.
    std::uint64_t whole() const {
        if (kind != Number || !(number >= 0 && number < 9e15) || number != std::floor(number))
            throw std::runtime_error("not a whole number");
        return static_cast<std::uint64_t>(number);
    }
};

// Reads a JSON text. What is no JSON ends in an exception; nothing outside the text is read.
class Parser {
public:
    explicit Parser(std::string_view text) : rest(text) {}

    Json whole() {
        Json value = any(0);
        space();
        if (!rest.empty()) fail();
        return value;
    }

private:
    std::string_view rest;

    [[noreturn]] static void fail() { throw std::runtime_error("not valid JSON"); }

    void space() {
        while (!rest.empty() && std::strchr(" \t\r\n", rest[0]) && rest[0]) rest.remove_prefix(1);
    }

    char next() {
        if (rest.empty()) fail();
        char first = rest[0];
        rest.remove_prefix(1);
        return first;
    }

    // Takes `word` if it comes next.
    bool take(std::string_view word) {
        space();
        if (rest.substr(0, word.size()) != word) return false;
        rest.remove_prefix(word.size());
        return true;
    }

    Json any(int depth) {
        if (depth > 64) fail();
        Json value;
        if (take("{")) {
            value.kind = Json::Object;
            for (bool first = true; !take("}"); first = false) {
                if (!first && !take(",")) fail();
                if (!take("\"")) fail();
                std::string key = characters();
                if (!take(":")) fail();
                value.members[key] = any(depth + 1);
            }
        } else if (take("[")) {
            value.kind = Json::Array;
            for (bool first = true; !take("]"); first = false) {
                if (!first && !take(",")) fail();
                value.items.push_back(any(depth + 1));
            }
        } else if (take("\"")) {
            value.kind = Json::String;
            value.string = characters();
        } else if (take("null")) {
        } else if (take("true") || take("false")) {
            value.kind = Json::Bool;
        } else {
            value.kind = Json::Number;
            value.number = digits();
        }
        return value;
    }

    double digits() {
        std::string taken(rest.substr(0, rest.find_first_not_of("+-.0123456789eE")));
        rest.remove_prefix(taken.size());
        char* end = nullptr;
        double number = std::strtod(taken.c_str(), &end);
        if (taken.empty() || *end != '\0') fail();
        return number;
    }

    // The rest of a string, after its first quotation mark.
    std::string characters() {
        std::string text;
        for (char c = next(); c != '"'; c = next()) {
            if (c != '\\') {
                text += c;
                continue;
            }
            c = next();
            const char* codes = "\"\\/bfnrt";
            const char* found = std::strchr(codes, c);
            if (c != '\0' && found) text += "\"\\/\b\f\n\r\t"[found - codes];
            else if (c == 'u') text += unicode();
            else fail();
        }
        return text;
    }

    // The four digits of \uXXXX, as UTF-8. Halves of pairs are refused: nas-assay writes such characters as they are.
    std::string unicode() {
        unsigned code = 0;
        for (int i = 0; i < 4; i++) {
            const char* hex = "0123456789abcdef";
            char c = next();
            const char* found = std::strchr(hex, c >= 'A' && c <= 'F' ? c + ('a' - 'A') : c);
            if (c == '\0' || !found) fail();
            code = 16 * code + static_cast<unsigned>(found - hex);
        }
        auto byte = [](unsigned value) { return static_cast<char>(value); };
        if (code < 0x80) return {byte(code)};
        if (code < 0x800) return {byte(0xC0 | code >> 6), byte(0x80 | (code & 0x3F))};
        if (code >= 0xD800 && code < 0xE000) fail();
        return {byte(0xE0 | code >> 12), byte(0x80 | (code >> 6 & 0x3F)), byte(0x80 | (code & 0x3F))};
    }
};

// The square root of the sum of squares of the numbers of type T in `bytes`.
template <class T>
double norm(std::string_view bytes) {
    double sum = 0;
    for (; !bytes.empty(); bytes.remove_prefix(sizeof(T))) {
        T number;
        std::memcpy(&number, bytes.data(), sizeof(T));
        sum += static_cast<double>(number) * static_cast<double>(number);
    }
    return std::sqrt(sum);
}

double score(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::string content((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    std::uint64_t length = 0;
    if (!file || content.size() < sizeof(length)) throw std::runtime_error("cannot read " + path);
    std::memcpy(&length, content.data(), sizeof(length));
    std::string_view data = std::string_view(content).substr(sizeof(length));
    if (length > data.size()) throw std::runtime_error("the file ends in its header");
    Json header = Parser(data.substr(0, length)).whole();
    data.remove_prefix(length);

    double total = 0;
    for (const auto& [name, tensor] : header.members) {
        bool weight = name.rfind("__", 0) != 0 && name.rfind("input.", 0) != 0 && name.rfind("output.", 0) != 0;
        // Weights of convolutions have four dimensions, those of linear layers two; batch-norm and biases have one.
        if (!weight || tensor.at("shape").items.size() < 2) continue;
        std::string type = tensor.at("dtype").text();
        std::uint64_t width = type == "F64" ? 8 : type == "F32" ? 4 : 0;
        const auto& offsets = tensor.at("data_offsets").items;
        if (width == 0 || offsets.size() != 2) throw std::runtime_error(name + " has the type " + type);
        std::uint64_t begin = offsets[0].whole(), end = offsets[1].whole();
        if (begin > end || end > data.size() || (end - begin) % width != 0)
            throw std::runtime_error(name + " is not inside the file");
        std::string_view bytes = data.substr(begin, end - begin);
        total += width == 8 ? norm<double>(bytes) : norm<float>(bytes);
    }
    return total;
}

int main() {
    std::string line;
    if (!std::getline(std::cin, line) || Parser(line).whole().at("nas-assay").whole() != 1) return 1;
    std::cout << "{\"ready\": 1}" << std::endl;
    while (std::getline(std::cin, line)) {
        Json question = Parser(line).whole();
        std::cout << "{\"id\": " << question.at("id").whole();
        try {
            double value = score(question.at("file").text());
            char number[64];
            // A number that is not finite is a text.
            std::snprintf(number, sizeof(number), std::isfinite(value) ? "%.17g" : "\"%g\"", value);
            std::cout << ", \"score\": " << number << "}" << std::endl;
        } catch (const std::exception& error) {
            std::string text;
            for (char c : std::string(error.what())) text += c == '"' || c == '\\' || c < ' ' ? '?' : c;
            std::cout << ", \"error\": \"" << text << "\"}" << std::endl;
        }
    }
}
