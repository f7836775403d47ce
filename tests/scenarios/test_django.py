"""Django projects: models import only after ``django.setup()``, which one missing application stops."""

from __future__ import annotations

import pytest
from scenarios.applications import servers
from scenarios.support import SITE, build, check, pip_install

SETTINGS = """
SECRET_KEY = "x"
INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.auth", "shop.apps.ShopConfig"{more}]
ROOT_URLCONF = "project.urls"
DATABASES = {{"default": {{"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
"""
START = "import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'project.settings')\n"
PROJECT = {
    "project/__init__.py": "",
    "project/urls.py": "from django.urls import path\nfrom shop import views\n"
    "urlpatterns = [path('', views.index)]\n",
    "project/wsgi.py": START
    + "from django.core.wsgi import get_wsgi_application\napplication = get_wsgi_application()\n",
    "project/asgi.py": START
    + "from django.core.asgi import get_asgi_application\napplication = get_asgi_application()\n",
    "manage.py": START + "import sys\nif __name__ == '__main__':\n"
    "    from django.core.management import execute_from_command_line\n"
    "    execute_from_command_line(sys.argv)\n",
    "shop/__init__.py": "",
    "shop/apps.py": "from django.apps import AppConfig\n\n\n"
    "class ShopConfig(AppConfig):\n    name = 'shop'\n",
    "shop/models.py": "from django.contrib.auth.models import User\nfrom django.db import models\n\n\n"
    "class Order(models.Model):\n    user = models.ForeignKey(User, on_delete=models.CASCADE)\n",
    "shop/views.py": "from django.http import HttpResponse\nfrom shop.models import Order\n\n\n"
    "def index(request):\n    return HttpResponse(Order.objects.count())\n",
    "shop/migrations/__init__.py": "",
    "shop/migrations/0001_initial.py": "from django.db import migrations\n\n\n"
    "class Migration(migrations.Migration):\n    dependencies = []\n    operations = []\n",
}


@pytest.fixture(scope="session")
def django(tmp_path_factory: pytest.TempPathFactory) -> str:
    """An image with Django; skips where it cannot be had."""
    folder = tmp_path_factory.mktemp("django")
    try:
        pip_install(folder, "django>=4.2,<6")
    except RuntimeError as error:
        pytest.skip(f"Django cannot be installed: {error}")
    lines = (
        f"FROM base\nCOPY django site /site/\nRUN cp -r /site/. {SITE}/ && rm -rf /site\n"
        "COPY bin /usr/local/bin\nRUN chmod +x /usr/local/bin/*\n"
    )
    return build("django", lines, {"django": folder, **servers()})


def project(image: str, name: str, files: dict[str, str], ending: str, more: str = "") -> str:
    """An image with the project, whose settings have further INSTALLED_APPS."""
    tree = {f"tree/{path}": text for path, text in {**PROJECT, **files}.items()}
    tree["tree/project/settings.py"] = SETTINGS.format(more=more)
    return build(f"django-{name}", f"FROM base\nCOPY tree /srv\nWORKDIR /srv\n{ending}", tree, base=image)


STARTS = [
    ("manage", 'CMD ["python3", "manage.py", "runserver"]\n', {}),
    ("environment", "ENV DJANGO_SETTINGS_MODULE=project.settings\n", {}),
    ("wsgi", 'CMD ["gunicorn", "project.wsgi:application"]\n', {"manage.py": ""}),
    ("asgi", "CMD uvicorn project.asgi:application\n", {"manage.py": ""}),
]


@pytest.mark.parametrize(("name", "ending", "files"), STARTS, ids=[row[0] for row in STARTS])
def test_models_import(django: str, name: str, ending: str, files: dict[str, str]) -> None:
    image = project(django, name, files, ending)
    for options in ((), ("--exact",)) if name == "manage" else ((),):
        result = check(image, *options)
        assert result.findings == [], result.err
        assert result.code == 0
        names = ["shop.models", "shop.views", "project.urls", "shop.migrations.0001_initial"]
        assert result.outcomes(names) == dict.fromkeys(names, "imported")


def test_installed_app_that_is_not_in_the_image(django: str) -> None:
    """It stops django.setup(), and with it everything; the modules are judged without."""
    image = project(django, "missing", {}, STARTS[0][1], ', "not_there_app"')
    result = check(image)
    finding = result.finding("IG101", "not_there_app")
    assert finding["breaks_startup"] is True
    assert result.code == 1
    assert result.image["notes"]
    assert result.outcome("shop.apps") == "imported"
    assert result.findings == [finding], "what is judged without the setup invents none"
    assert finding["location"] == {"path": "project/settings.py", "line": 3}
    assert "which INSTALLED_APPS names" in finding["message"]


def test_settings_are_named_where_the_setup_failed(django: str) -> None:
    """manage.py names the settings before it imports; celery.py's default would count without."""
    files = {
        "project/__init__.py": "from project import celery\n",
        "project/celery.py": "import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'project.config')\n",
        "shop/tasks.py": "import project\nfrom django.conf import settings\nDEBUG = settings.DEBUG\n",
    }
    result = check(project(django, "celery", files, STARTS[0][1], ', "not_there_app"'))
    finding = result.finding("IG101", "not_there_app")
    assert result.findings == [finding]
    assert result.outcome("shop.tasks") == "imported"


def test_missing_module_in_a_view(django: str) -> None:
    files = {"shop/views.py": "import not_there_xyz\n\n\ndef index(request):\n    pass\n"}
    result = check(project(django, "view", files, STARTS[0][1]))
    finding = result.finding("IG101", "not_there_xyz")
    assert {"shop.views", "project.urls"} == set(finding["affected"])
    assert result.outcome("shop.models") == "imported"
    assert len(result.findings) == 1
    assert result.code == 1


def test_missing_module_in_models(django: str) -> None:
    """django.setup() imports every application's models."""
    files = {"shop/models.py": "import not_there_xyz\n"}
    result = check(project(django, "models", files, STARTS[0][1]))
    assert result.finding("IG101", "not_there_xyz")["breaks_startup"] is True
    assert result.code == 1


SERVER = """
import os
import pathlib
import sys

{first}
from company.base.words import HELLO

HERE = str(pathlib.Path(__file__).parent.absolute())


def set_up():
    sys.path.insert(0, HERE)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "company.base.settings")
    from django.core.wsgi import get_wsgi_application

    return get_wsgi_application()


if __name__ == "__main__":
    set_up()
"""


@pytest.mark.parametrize(("first", "code"), [("", 0), ("from base.words import HELLO", 1)])
def test_a_command_that_sets_path_and_settings_in_a_function(django: str, first: str, code: int) -> None:
    """Its own module is imported before that, and everything else after it, by the names of the settings."""
    tree = {
        "company/__init__.py": "",
        "company/server.py": SERVER.format(first=first),
        "company/base/__init__.py": "",
        "company/base/words.py": "HELLO = 'hello'\n",
        "company/base/settings.py": "from base.defaults import *\n",
        "company/base/defaults.py": SETTINGS.format(more="").replace("shop.apps.ShopConfig", "orders"),
        "company/orders/__init__.py": "",
        "company/orders/models.py": PROJECT["shop/models.py"],
        "company/orders/views.py": PROJECT["shop/views.py"].replace("shop.", "orders."),
    }
    files = {f"tree/{path}": text for path, text in tree.items()}
    lines = 'FROM base\nCOPY tree /srv\nWORKDIR /srv\nCMD ["python3", "-m", "company.server"]\n'
    result = check(build(f"django-function-{code}", lines, files, base=django))
    assert result.code == code, result.findings
    assert [(one["missing"], one["breaks_startup"]) for one in result.findings] == [("base", True)] * code
