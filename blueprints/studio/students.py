"""Routes of the creator's students."""

from werkzeug.wrappers import Response

from blueprints.studio import bp
from domain.analytics import students
from web import hypermedia, query_args
from web.csv_downloads import csv_of
from web.reauthentication import fresh_page
from web.signed_in import me

HEAD = ["Name", "Course", "Progress in percent", "Enrolled (UTC)", "Last seen (UTC)", "Completed (UTC)"]


@bp.get("/students")
def student_list() -> Response:
    """List name, course and progress, last seen first; filtered by course or name, paged."""
    course_id, name = query_args.id_arg("course"), query_args.text_arg("q")
    return hypermedia.render(
        "studio/students.html",
        "studio/_students.html",
        listing=students.load(me(), course_id, name, query_args.text_arg("after")),
        courses=students.courses_of(me()),
        course_id=course_id,
        name=name,
        is_first=not query_args.text_arg("after"),
    )


@bp.get("/students.csv")
@fresh_page
def students_file() -> Response:
    """Export all the students as CSV."""
    rows = students.every(me(), query_args.id_arg("course"), query_args.text_arg("q"))
    return csv_of("students", HEAD, (_row(student) for student in rows))


def _row(student: students.Student) -> list[object]:
    return [
        student.name or "Former member", student.course, student.progress, student.enrolled_at,
        student.last_seen_at, student.completed_at,
    ]  # fmt: skip
