"""Experiments: small measurements that are not one plan over a mechanism, each in its folder.

``measured.py`` is what runs in a clean process (standard library only), ``find.py`` runs it and
says what it shows, ``chart.py`` draws it. An experiment that only runs mechanisms with a workload
of mpviz has no ``measured.py``.
"""
